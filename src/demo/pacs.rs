//! The stand-in PACS: a process of its own, as far as its peers can tell.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::task::JoinSet;

use crate::demo::DemoError;
use crate::demo::archive::Archive;
use crate::demo::instance::Instance;
use crate::demo::record::Record;
use crate::demo::script::PacsOptions;
use crate::demo::session;
use crate::dicom::AeTitle;
use crate::dicom::Uid;
use crate::transport;

/// A stand-in PACS that runs. Dropping it is its death: its connections close.
#[derive(Debug)]
pub struct StandInPacs {
    address: SocketAddr,
    shared: Arc<Shared>,
    accepting: JoinHandle<()>,
}

/// What the associations of one stand-in share.
#[derive(Debug)]
pub(crate) struct Shared {
    options: Mutex<PacsOptions>,
    archive: Mutex<Archive>,
    record: Mutex<Record>,
    /// Says that the record has changed.
    changed: watch::Sender<()>,
}

/// A stand-in that panicked has failed its test already; what it shared is still good to read.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    pub(crate) fn options(&self) -> MutexGuard<'_, PacsOptions> {
        lock(&self.options)
    }

    pub(crate) fn archive(&self) -> MutexGuard<'_, Archive> {
        lock(&self.archive)
    }

    /// Changes the record and tells those who wait for it.
    pub(crate) fn note<T>(&self, change: impl FnOnce(&mut Record) -> T) -> T {
        let changed = change(&mut lock(&self.record));
        self.changed.send_replace(());
        changed
    }
}

impl StandInPacs {
    /// Starts a stand-in PACS; it listens when this returns.
    ///
    /// # Errors
    /// When its address cannot be had.
    pub async fn start(options: PacsOptions) -> Result<Self, DemoError> {
        let refused = |cause: io::Error| DemoError::Io {
            what: format!("listen on {}", options.address),
            cause,
        };
        let listener = transport::listen(options.address).map_err(refused)?;
        let address = listener.local_addr().map_err(refused)?;
        let mut archive = Archive::new(
            options.ae_title.clone(),
            options.character_set.clone(),
            options.worklist.clone(),
        );
        for instance in &options.instances {
            archive.put(instance.clone());
        }
        let shared = Arc::new(Shared {
            options: Mutex::new(options),
            archive: Mutex::new(archive),
            record: Mutex::default(),
            changed: watch::channel(()).0,
        });
        Ok(Self {
            address,
            accepting: tokio::spawn(accept(listener, Arc::clone(&shared))),
            shared,
        })
    }

    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Changes what it does from now on; its address, worklist and archive stay.
    pub fn script(&self, change: impl FnOnce(&mut PacsOptions)) {
        change(&mut self.shared.options());
    }

    /// Makes a Move Destination known to it.
    pub fn add_destination(&self, ae_title: AeTitle, address: SocketAddr) {
        self.script(|options| {
            options.destinations.insert(ae_title, address);
        });
    }

    /// What it has seen so far.
    pub fn record(&self) -> Record {
        lock(&self.shared.record).clone()
    }

    /// The instance with this UID, if its archive holds it.
    pub fn instance(&self, sop_instance: &Uid) -> Option<Instance> {
        self.shared.archive().get(sop_instance).cloned()
    }

    /// How many instances its archive holds.
    pub fn instances(&self) -> usize {
        self.shared.archive().len()
    }

    /// Waits until its record is as `wanted`, and tells whether it became so within `limit`.
    pub async fn wait_until(&self, limit: Duration, wanted: impl Fn(&Record) -> bool) -> bool {
        let mut changed = self.shared.changed.subscribe();
        let seen = async {
            while !wanted(&lock(&self.shared.record)) {
                if changed.changed().await.is_err() {
                    return;
                }
            }
        };
        tokio::time::timeout(limit, seen).await.is_ok()
    }

    /// Stops it as a process dies: it no longer listens, and its connections are closed when
    /// this returns.
    pub async fn stop(mut self) {
        self.accepting.abort();
        // It ends as cancelled, and that is what is wanted.
        let _ = (&mut self.accepting).await;
    }
}

impl Drop for StandInPacs {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// Takes connections until it is aborted; the sessions end with it.
async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let mut sessions = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                if let Ok((stream, peer)) = accepted {
                    sessions.spawn(session::run(Arc::clone(&shared), stream, peer));
                }
            }
            Some(_) = sessions.join_next() => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use dicom_core::DataElement;
    use dicom_core::VR;
    use dicom_core::value::DataSetSequence;
    use dicom_dictionary_std::tags;
    use dicom_dictionary_std::uids;
    use dicom_object::InMemDicomObject;

    use super::*;
    use crate::association::AssociateRj;
    use crate::demo::Counts;
    use crate::demo::DemoError;
    use crate::demo::Ending;
    use crate::demo::Farewell;
    use crate::demo::StoreAnswer;
    use crate::demo::Workstation;
    use crate::demo::identifier;
    use crate::demo::phantom;
    use crate::demo::study_identifier;
    use crate::demo::text;
    use crate::dicom::Model;
    use crate::digest::Sha256;
    use crate::dimse::Status;
    use crate::transport::ConnectError;

    /// Longer than anything here takes.
    const LIMIT: Duration = Duration::from_secs(20);

    fn ae(title: &str) -> AeTitle {
        title.parse().unwrap()
    }

    fn uid(text: &str) -> Uid {
        text.parse().unwrap()
    }

    async fn pacs(script: impl FnOnce(&mut PacsOptions)) -> StandInPacs {
        let mut options = PacsOptions::new(ae("PACS"));
        script(&mut options);
        StandInPacs::start(options).await.unwrap()
    }

    fn workstation(pacs: &StandInPacs) -> Workstation {
        Workstation {
            ae_title: ae("WS1"),
            called: ae("PACS"),
            address: pacs.address(),
            patience: LIMIT,
        }
    }

    fn full(options: &mut PacsOptions) {
        options.instances = phantom::instances().unwrap();
    }

    const fn counts(completed: u16, failed: u16) -> Counts {
        Counts {
            remaining: None,
            completed: Some(completed),
            failed: Some(failed),
            warning: Some(0),
        }
    }

    #[tokio::test]
    async fn an_echo_is_answered() {
        let pacs = pacs(|_| {}).await;
        let answer = workstation(&pacs).echo().await.unwrap();
        assert_eq!(answer.status, Status::SUCCESS);
        let released = |record: &Record| record.associations[0].ending == Some(Ending::Released);
        assert!(pacs.wait_until(LIMIT, released).await);
    }

    #[tokio::test]
    async fn what_is_stored_is_hashed_kept_and_found_again() {
        let pacs = pacs(|_| {}).await;
        let instances = phantom::instances().unwrap();
        let mut heard = 0;
        let asker = workstation(&pacs);
        let answers = asker.store(&instances, |done| heard = done).await.unwrap();
        assert!(answers.iter().all(|a| a.status == Status::SUCCESS));
        assert_eq!(heard, 36);
        let sent: Vec<_> = instances
            .iter()
            .map(|i| (i.sop_instance.clone(), Sha256::of(&[&i.data_set])))
            .collect();
        assert_eq!(pacs.record().kept(), sent);
        let query = identifier("PATIENT", &[(tags::PATIENT_NAME, VR::PN, "*^J?rg")]);
        let found = asker.find(Model::PatientRoot, &query, None).await.unwrap();
        assert_eq!(found.matches.len(), 1);
        let name = text(&found.matches[0], tags::PATIENT_NAME);
        assert_eq!(name, phantom::JOERG.name);
    }

    #[tokio::test]
    async fn each_store_gets_the_answer_that_the_script_has_for_it() {
        let answers = [Status::STORE_OUT_OF_RESOURCES, Status(0xB007)];
        let pacs = pacs(|options| {
            options.store.answers = answers.map(StoreAnswer::Status).into();
        })
        .await;
        let instances = &phantom::instances().unwrap()[..3];
        let told = workstation(&pacs).store(instances, |_| {}).await.unwrap();
        let told: Vec<Status> = told.into_iter().map(|answer| answer.status).collect();
        assert_eq!(told, [answers[0], answers[1], Status::SUCCESS]);
        assert_eq!(pacs.instances(), 2);
        assert_eq!(pacs.instance(&instances[0].sop_instance), None);
    }

    #[tokio::test]
    async fn it_dies_in_the_middle_of_a_data_set() {
        for (farewell, ending) in [
            (Farewell::Abort, Ending::AbortedByScript),
            (Farewell::Close, Ending::ClosedByScript),
        ] {
            let pacs = pacs(|options| {
                let answer = StoreAnswer::DieAfter(1, farewell);
                options.store.answers = VecDeque::from([answer]);
            })
            .await;
            let instances = phantom::instances().unwrap();
            let told = workstation(&pacs).store(&instances, |_| {}).await;
            assert!(matches!(told, Err(DemoError::Ended | DemoError::Link(_))));
            let record = pacs.record();
            assert_eq!(record.associations[0].ending, Some(ending));
            assert_eq!(record.received.len(), 1);
            assert_eq!(record.received[0].sha256, None);
            assert!(record.data_bytes() > 0);
            assert_eq!(pacs.instances(), 0);
        }
    }

    #[tokio::test]
    async fn it_rejects_is_silent_and_drops_the_idle() {
        let rejection = AssociateRj::CALLED_NOT_RECOGNISED;
        let stubborn = pacs(|options| options.association.reject = Some(rejection)).await;
        let refused = workstation(&stubborn).echo().await;
        assert!(matches!(
            refused,
            Err(DemoError::Connect(ConnectError::Rejected { answer, .. })) if answer == rejection
        ));
        let silent = pacs(|options| options.association.silent = true).await;
        let mut asker = workstation(&silent);
        asker.patience = Duration::from_millis(50);
        assert!(matches!(
            asker.echo().await,
            Err(DemoError::Connect(ConnectError::TimedOut { .. }))
        ));
        let impatient = pacs(|options| {
            options.association.idle = Some((Duration::from_millis(20), Farewell::Close));
        })
        .await;
        let instances = phantom::instances().unwrap();
        let contexts = crate::demo::contexts_to_store(&instances, &[]);
        let mut held = workstation(&impatient)
            .associate(contexts, &[])
            .await
            .unwrap();
        assert!(matches!(
            held.next().await,
            Err(DemoError::Ended | DemoError::Link(_))
        ));
    }

    #[tokio::test]
    async fn a_move_goes_to_its_destination_with_counts_and_originator() {
        let inbox = pacs(|options| options.ae_title = ae("WS1")).await;
        let pacs = pacs(full).await;
        pacs.add_destination(ae("WS1"), inbox.address());
        let study = study_identifier(&phantom::studies().unwrap()[0].uid);
        let mut heard = Vec::new();
        let asker = workstation(&pacs);
        let moved = asker
            .retrieve_to(&ae("WS1"), Model::StudyRoot, &study, None, |counts| {
                heard.push(counts.remaining.unwrap());
            })
            .await
            .unwrap();
        assert_eq!(moved.answer.status, Status::SUCCESS);
        assert_eq!(moved.counts, counts(24, 0));
        assert_eq!(moved.failed, None);
        assert_eq!(heard, (1..24).rev().collect::<Vec<u16>>());
        let record = inbox.record();
        assert_eq!(record.kept().len(), 24);
        assert_eq!(record.received[0].originator, Some((ae("WS1"), 1)));
        pacs.script(|options| options.retrieve.omits_originator = true);
        let again = asker
            .retrieve_to(&ae("WS1"), Model::StudyRoot, &study, None, |_| {})
            .await
            .unwrap();
        assert_eq!(again.answer.status, Status::SUCCESS);
        assert_eq!(inbox.record().received[24].originator, None);
        let unknown = asker
            .retrieve_to(&ae("WS2"), Model::StudyRoot, &study, None, |_| {})
            .await
            .unwrap();
        assert_eq!(unknown.answer.status, Status::MOVE_DESTINATION_UNKNOWN);
    }

    #[tokio::test]
    async fn sub_operations_that_fail_are_counted_and_listed() {
        let inbox = pacs(|options| {
            let answer = StoreAnswer::Status(Status::STORE_OUT_OF_RESOURCES);
            options.store.answers = VecDeque::from([answer]);
        })
        .await;
        let instances = phantom::instances().unwrap();
        let unreadable = instances[1].sop_instance.clone();
        let pacs = pacs(full).await;
        pacs.script(|options| {
            options.retrieve.unreadable.insert(unreadable.clone());
        });
        pacs.add_destination(ae("WS1"), inbox.address());
        let study = study_identifier(&phantom::studies().unwrap()[0].uid);
        let moved = workstation(&pacs)
            .retrieve_to(&ae("WS1"), Model::StudyRoot, &study, None, |_| {})
            .await
            .unwrap();
        assert_eq!(moved.answer.status, Status::SUBOPERATIONS_WARNING);
        assert_eq!(moved.counts, counts(22, 2));
        let first = instances[0].sop_instance.to_string();
        assert_eq!(moved.failed, Some(vec![first, unreadable.to_string()]));
    }

    #[tokio::test]
    async fn a_pacs_that_offers_several_syntaxes_sends_what_is_accepted() {
        let implicit = uid(uids::IMPLICIT_VR_LITTLE_ENDIAN);
        let inbox = pacs(|options| {
            options.association.transfer_syntaxes = vec![implicit.clone()];
        })
        .await;
        let pacs = pacs(full).await;
        pacs.add_destination(ae("WS1"), inbox.address());
        pacs.script(|options| options.retrieve.more_transfer_syntaxes = vec![implicit.clone()]);
        let identifier = identifier("PATIENT", &[(tags::PATIENT_ID, VR::LO, phantom::MEI.id)]);
        let moved = workstation(&pacs)
            .retrieve_to(&ae("WS1"), Model::PatientRoot, &identifier, None, |_| {})
            .await
            .unwrap();
        assert_eq!(moved.counts, counts(1, 1), "RLE cannot become implicit");
        assert_eq!(inbox.record().received[0].transfer_syntax, implicit);
    }

    #[tokio::test]
    async fn a_get_brings_the_same_bytes_on_the_same_association() {
        let pacs = pacs(full).await;
        let study = &phantom::studies().unwrap()[1];
        let storage = [uid(uids::MR_IMAGE_STORAGE)];
        let syntaxes = [uid(uids::IMPLICIT_VR_LITTLE_ENDIAN)];
        let asker = workstation(&pacs);
        let identifier = study_identifier(&study.uid);
        let got = asker
            .retrieve(
                Model::StudyRoot,
                &identifier,
                &storage,
                &syntaxes,
                None,
                |_| {},
            )
            .await
            .unwrap();
        assert_eq!(got.answer.status, Status::SUCCESS);
        assert_eq!(got.counts, counts(10, 0));
        assert_eq!(got.instances.len(), 10);
        for (instance, file) in got.instances.iter().zip(&study.files) {
            assert!(file.bytes.ends_with(&instance.data_set));
        }
    }

    #[tokio::test]
    async fn a_worklist_is_asked_by_scheduled_step() {
        let pacs = pacs(|options| options.worklist = crate::demo::worklist()).await;
        let mut step = InMemDicomObject::new_empty();
        step.put_str(
            tags::SCHEDULED_PROCEDURE_STEP_START_DATE,
            VR::DA,
            "20260201-20260202",
        );
        step.put_str(tags::MODALITY, VR::CS, "MR");
        let mut query = InMemDicomObject::new_empty();
        query.put_str(tags::PATIENT_NAME, VR::PN, "");
        query.put(DataElement::new(
            tags::SCHEDULED_PROCEDURE_STEP_SEQUENCE,
            VR::SQ,
            DataSetSequence::from(vec![step]),
        ));
        let asker = workstation(&pacs);
        let found = asker.find(Model::Worklist, &query, None).await.unwrap();
        assert_eq!(found.answer.status, Status::SUCCESS);
        let names: Vec<String> = found
            .matches
            .iter()
            .map(|item| text(item, tags::PATIENT_NAME))
            .collect();
        assert_eq!(names, [phantom::JOERG.name]);
    }

    #[tokio::test]
    async fn a_cancelled_request_says_so() {
        let pacs = pacs(full).await;
        pacs.script(|options| {
            options.find.pause = Duration::from_millis(20);
            options.retrieve.pause = Duration::from_millis(20);
        });
        let asker = workstation(&pacs);
        let all = identifier("IMAGE", &[]);
        let found = asker.find(Model::StudyRoot, &all, Some(2)).await.unwrap();
        assert_eq!(found.answer.status, Status::CANCEL);
        assert!(found.matches.len() < 36);
        let study = study_identifier(&phantom::studies().unwrap()[0].uid);
        let storage = [uid(uids::CT_IMAGE_STORAGE)];
        let syntaxes = [uid(uids::EXPLICIT_VR_LITTLE_ENDIAN)];
        let got = asker
            .retrieve(
                Model::StudyRoot,
                &study,
                &storage,
                &syntaxes,
                Some(2),
                |_| {},
            )
            .await
            .unwrap();
        assert_eq!(got.answer.status, Status::CANCEL);
        assert!(got.counts.remaining.is_some_and(|left| left > 0));
        assert!(pacs.record().asked.iter().all(|asked| asked.cancelled));
    }

    #[tokio::test]
    async fn a_source_that_dies_leaves_its_destination_with_half_an_object() {
        let inbox = pacs(|_| {}).await;
        let pacs = pacs(full).await;
        pacs.add_destination(ae("WS1"), inbox.address());
        pacs.script(|options| options.retrieve.die_after = Some((3, 1_000)));
        let study = study_identifier(&phantom::studies().unwrap()[0].uid);
        let moved = workstation(&pacs)
            .retrieve_to(&ae("WS1"), Model::StudyRoot, &study, None, |_| {})
            .await;
        assert!(moved.is_err());
        let hung_up = |record: &Record| record.associations[0].ending == Some(Ending::HungUp);
        assert!(inbox.wait_until(LIMIT, hung_up).await);
        let record = inbox.record();
        assert_eq!(record.kept().len(), 3);
        assert_eq!(record.received[3].bytes, 1_000);
        assert_eq!(record.received[3].sha256, None);
    }

    #[tokio::test]
    async fn stopping_closes_its_port_and_its_associations() {
        let pacs = pacs(|_| {}).await;
        let asker = workstation(&pacs);
        let contexts = crate::demo::contexts_to_store(&phantom::instances().unwrap(), &[]);
        let mut held = asker.associate(contexts, &[]).await.unwrap();
        pacs.stop().await;
        assert!(held.next().await.is_err());
        assert!(matches!(
            asker.echo().await,
            Err(DemoError::Connect(ConnectError::Unreachable { .. }))
        ));
    }
}
