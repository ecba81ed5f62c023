//! The story of `credence demo`: real images through a real gateway between stand-ins, from the
//! first image to a ledger in which one flipped bit is found. Every step is checked; a step that
//! does not end as told is an error.

use std::fmt::Display;
use std::io;
use std::io::Write;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use dicom_core::VR;
use dicom_dictionary_std::tags;

use crate::demo::DemoError;
use crate::demo::instance::Instance;
use crate::demo::instance::text;
use crate::demo::pacs::StandInPacs;
use crate::demo::phantom;
use crate::demo::phantom::ADA;
use crate::demo::phantom::Study;
use crate::demo::script::PacsOptions;
use crate::demo::site;
use crate::demo::site::Addresses;
use crate::demo::site::Grant;
use crate::demo::site::Site;
use crate::demo::site::Verification;
use crate::demo::tampering;
use crate::demo::telling::Row;
use crate::demo::telling::Teller;
use crate::demo::workstation::Retrieved;
use crate::demo::workstation::Workstation;
use crate::demo::workstation::identifier;
use crate::demo::workstation::study_identifier;
use crate::dicom::AeTitle;
use crate::dicom::Model;
use crate::dicom::Uid;
use crate::digest::Sha256;
use crate::dimse::Status;

/// How long any one answer may take; all of them together take a second or two.
const PATIENCE: Duration = Duration::from_secs(10);

/// Why the demo did not end as told.
#[derive(Debug, thiserror::Error)]
pub enum StoryError {
    /// A stand-in failed.
    #[error(transparent)]
    StandIn(#[from] DemoError),
    /// The gateway failed.
    #[error("the gateway: {0}")]
    Site(Box<dyn std::error::Error + Send + Sync>),
    /// A step ended in another way than it should.
    #[error("{expected}, but {found}")]
    Unexpected {
        /// What should have been.
        expected: &'static str,
        /// What was.
        found: String,
    },
    /// Nobody hears the story.
    #[error("cannot write: {0}")]
    Output(#[from] io::Error),
}

impl From<Box<dyn std::error::Error + Send + Sync>> for StoryError {
    fn from(error: Box<dyn std::error::Error + Send + Sync>) -> Self {
        Self::Site(error)
    }
}

/// Fails unless `holds`.
pub(crate) fn expect(
    holds: bool,
    expected: &'static str,
    found: &dyn Display,
) -> Result<(), StoryError> {
    if holds {
        return Ok(());
    }
    let found = found.to_string();
    Err(StoryError::Unexpected { expected, found })
}

/// Starts a stand-in that others call `title`.
pub(crate) async fn stand_in(title: &str) -> Result<StandInPacs, StoryError> {
    Ok(StandInPacs::start(PacsOptions::new(ae(title)?)).await?)
}

/// An AE title of the story.
pub(crate) fn ae(title: &str) -> Result<AeTitle, StoryError> {
    Ok(title.parse().map_err(DemoError::dicom)?)
}

/// Everybody who takes part.
struct Stage<'a, S> {
    site: &'a mut S,
    tell: Teller<'a>,
    studies: Vec<Study>,
    instances: Vec<Instance>,
    gateway: SocketAddr,
    pacs: StandInPacs,
    workstation: StandInPacs,
    lakeside: StandInPacs,
    /// Entries of decisions that have been shown end here.
    shown: Option<u64>,
    rows: Vec<Row>,
}

/// Tells the story in `folder`, which is there and empty.
///
/// # Errors
/// When a step fails, or does not end as it should.
pub async fn tell<S: Site>(
    site: &mut S,
    folder: &Path,
    out: &mut dyn Write,
) -> Result<(), StoryError> {
    let mut stage = Stage::set(site, folder, out).await?;
    stage.scanner_stores().await?;
    stage.radiologist_pulls().await?;
    stage.lakeside_asks("without a consent", false).await?;
    let consent = stage.patient_consents().await?;
    stage.lakeside_asks("with the consent", true).await?;
    stage.patient_revokes(consent).await?;
    stage.lakeside_asks("after the revocation", false).await?;
    stage.ledger_is_verified(folder).await?;
    stage.tell.table(&stage.rows)?;
    Ok(())
}

impl<'a, S: Site> Stage<'a, S> {
    /// Starts everybody.
    async fn set(
        site: &'a mut S,
        folder: &Path,
        out: &'a mut dyn Write,
    ) -> Result<Self, StoryError> {
        let mut tell = Teller::new(out);
        tell.step("A hospital, on free ports of this machine")?;
        let studies = phantom::studies().map_err(DemoError::from)?;
        let files = phantom::write(&folder.join("fixtures"), &studies).map_err(DemoError::from)?;
        let pacs = stand_in(site::PACS).await?;
        let workstation = stand_in(site::WORKSTATION).await?;
        let lakeside = stand_in(site::LAKESIDE).await?;
        let [gateway] = site::free_addresses()?;
        for title in [site::FOR_WORKSTATION, site::FOR_LAKESIDE] {
            pacs.add_destination(ae(title)?, gateway);
        }
        let config = site::write(
            folder,
            &Addresses {
                gateway,
                pacs: pacs.address(),
                workstation: workstation.address(),
                lakeside: lakeside.address(),
            },
        )?;
        site.start(&config).await?;
        for (who, title, address) in [
            ("St. Anna's PACS (a stand-in)", site::PACS, pacs.address()),
            ("Credence in front of it", site::GATEWAY, gateway),
            (
                "St. Anna's workstation",
                site::WORKSTATION,
                workstation.address(),
            ),
            (
                "Lakeside Clinic's workstation",
                site::LAKESIDE,
                lakeside.address(),
            ),
        ] {
            tell.say(&format!("{who:30} {title:9} {address}"))?;
        }
        tell.say(&format!("configuration: {}", config.display()))?;
        tell.say(&format!(
            "{} drawn images of 3 people who never lived",
            files.len()
        ))?;
        Ok(Self {
            site,
            tell,
            instances: phantom::instances()?,
            studies,
            gateway,
            pacs,
            workstation,
            lakeside,
            shown: None,
            rows: Vec::new(),
        })
    }

    /// Somebody who asks the gateway.
    fn asker(&self, title: &str) -> Result<Workstation, StoryError> {
        Ok(Workstation {
            ae_title: ae(title)?,
            called: ae(site::GATEWAY)?,
            address: self.gateway,
            patience: PATIENCE,
        })
    }

    /// C-STORE: everything there is, to the PACS.
    async fn scanner_stores(&mut self) -> Result<(), StoryError> {
        self.tell.step("The scanner stores through Credence")?;
        let scanner = self.asker(site::SCANNER)?;
        for study in &self.studies {
            let belongs = |instance: &&Instance| {
                study
                    .files
                    .iter()
                    .any(|file| file.bytes.ends_with(&instance.data_set))
            };
            let instances: Vec<Instance> = self.instances.iter().filter(belongs).cloned().collect();
            self.tell.begin(&format!("{:16}", study.description))?;
            let tell = &mut self.tell;
            let answers = scanner.store(&instances, |_| tell.dot()).await?;
            let stored = answers
                .iter()
                .filter(|a| a.status == Status::SUCCESS)
                .count();
            self.tell.end(&format!("{stored} stored"))?;
        }
        let kept = self.pacs.record().kept();
        let same = self.arrived(&kept);
        self.tell.say(&format!(
            "the PACS holds {same} of {}, bit for bit (SHA-256 of each data set)",
            self.instances.len()
        ))?;
        let whole = same == self.instances.len();
        expect(whole, "every image reaches the PACS unchanged", &same)?;
        let what = format!("stores {} studies", self.studies.len());
        self.judged("CT1 of St. Anna", &what, "store", true).await
    }

    /// How many of `kept` are the fixtures' own bytes.
    fn arrived(&self, kept: &[(Uid, Sha256)]) -> usize {
        let ours = |instance: &&Instance| {
            let (uid, digest) = (&instance.sop_instance, Sha256::of(&[&instance.data_set]));
            kept.contains(&(uid.clone(), digest))
        };
        self.instances.iter().filter(ours).count()
    }

    /// C-FIND and C-MOVE within the hospital.
    async fn radiologist_pulls(&mut self) -> Result<(), StoryError> {
        self.tell
            .step("A radiologist of St. Anna looks for a study and pulls it")?;
        let asker = self.asker(site::WORKSTATION)?;
        let found = self.look_for_ada(&asker).await?;
        expect(found == 1, "the radiologist finds one study", &found)?;
        let moved = self.pull(&asker).await?;
        let completed = moved.counts.completed.unwrap_or_default();
        let came = self.arrived(&self.workstation.record().kept());
        let good = moved.answer.status == Status::SUCCESS;
        expect(good && came == 24, "24 images reach the workstation", &came)?;
        self.tell
            .say(&format!("{completed} images arrived, bit for bit"))?;
        self.judged("WS1 of St. Anna", "pulls Ada's CT", "retrieve", true)
            .await
    }

    /// Whether Ada's study can be found; says so.
    async fn look_for_ada(&mut self, asker: &Workstation) -> Result<usize, StoryError> {
        let keys = [
            (tags::PATIENT_ID, VR::LO, ADA.id),
            (tags::PATIENT_NAME, VR::PN, ""),
            (tags::STUDY_DESCRIPTION, VR::LO, ""),
            (tags::STUDY_INSTANCE_UID, VR::UI, ""),
        ];
        let query = identifier("STUDY", &keys);
        let found = asker.find(Model::StudyRoot, &query, None).await?;
        let described: Vec<String> = found
            .matches
            .iter()
            .map(|study| text(study, tags::STUDY_DESCRIPTION))
            .collect();
        self.tell.say(&format!(
            "C-FIND for Patient ID {}: {} found {}",
            ADA.id,
            described.len(),
            described.join(", ")
        ))?;
        Ok(described.len())
    }

    /// C-MOVE of Ada's study to whoever asks.
    async fn pull(&mut self, asker: &Workstation) -> Result<Retrieved, StoryError> {
        let study = self.studies.iter().find(|study| study.patient == ADA);
        let missing = || DemoError::dicom("no study of Ada was drawn");
        let identifier = study_identifier(&study.ok_or_else(missing)?.uid);
        let title = &asker.ae_title;
        self.tell.begin(&format!("C-MOVE to {title}"))?;
        let tell = &mut self.tell;
        let moved = asker
            .retrieve_to(title, Model::StudyRoot, &identifier, None, |_| tell.dot())
            .await?;
        let comment = moved.answer.comment.clone().unwrap_or_default();
        let status = moved.answer.status.0;
        self.tell.end(&format!("{status:04X}H {comment}"))?;
        Ok(moved)
    }

    /// C-FIND and C-MOVE by another institution, and whether they are to succeed.
    async fn lakeside_asks(&mut self, when: &str, permitted: bool) -> Result<(), StoryError> {
        self.tell
            .step(&format!("Lakeside Clinic asks for the same study, {when}"))?;
        let asker = self.asker(site::LAKESIDE)?;
        let found = self.look_for_ada(&asker).await?;
        let before = self.lakeside.record().kept().len();
        let moved = self.pull(&asker).await?;
        let record = self.lakeside.record();
        let came = record.kept().len().saturating_sub(before);
        if permitted {
            expect(found == 1, "Lakeside finds the study", &found)?;
            let good = moved.answer.status == Status::SUCCESS && came == 24;
            expect(good, "24 images reach Lakeside", &came)?;
        } else {
            expect(found == 0, "Lakeside finds nothing", &found)?;
            let refused = moved.answer.status == Status::NOT_AUTHORISED;
            expect(refused, "Lakeside is refused", &moved.answer.status)?;
            expect(came == 0, "no image reaches Lakeside", &came)?;
        }
        self.tell.say(&format!("{came} images arrived"))?;
        let what = format!("Ada's CT, {when}");
        self.judged("Lakeside Clinic", &what, "retrieve", permitted)
            .await
    }

    /// The patient desk takes down a consent.
    async fn patient_consents(&mut self) -> Result<u64, StoryError> {
        self.tell
            .step("Ada consents: Lakeside Clinic may have her images for treatment")?;
        let grant = Grant {
            patient: ADA.id,
            issuer: phantom::ISSUER,
            to: "lakeside",
            purpose: "TREATMENT",
        };
        let entry = self.site.grant(&grant).await?;
        self.desk("consent to Lakeside", "granted", entry)?;
        Ok(entry)
    }

    /// The patient desk takes down its end.
    async fn patient_revokes(&mut self, consent: u64) -> Result<(), StoryError> {
        self.tell.step("Ada revokes her consent")?;
        let entry = self.site.revoke(consent).await?;
        self.desk(&format!("ends consent {consent}"), "revoked", entry)
    }

    fn desk(&mut self, what: &str, verdict: &'static str, entry: u64) -> Result<(), StoryError> {
        self.tell
            .say(&format!("recorded as ledger entry {entry}"))?;
        self.rows.push(Row {
            who: "Ada, patient desk".to_owned(),
            what: what.to_owned(),
            verdict,
            reason: "the patient's word".to_owned(),
            entries: vec![entry],
        });
        Ok(())
    }

    /// Shows the decisions of `verb` since the last that were shown, and checks them.
    async fn judged(
        &mut self,
        who: &str,
        what: &str,
        verb: &str,
        permitted: bool,
    ) -> Result<(), StoryError> {
        let mut judged = self.site.judged().await?;
        judged.retain(|decision| self.shown.is_none_or(|shown| decision.entry > shown));
        self.shown = judged.last().map(|last| last.entry).or(self.shown);
        judged.retain(|decision| decision.verb == verb);
        let entries: Vec<u64> = judged.iter().map(|decision| decision.entry).collect();
        expect(
            !entries.is_empty(),
            "the decision is in the ledger",
            &"it is not",
        )?;
        let as_told = judged
            .iter()
            .all(|decision| decision.permitted == permitted);
        expect(
            as_told,
            "the ledger says what the peer was told",
            &"it does not",
        )?;
        let mut reasons: Vec<String> = judged.into_iter().map(|decision| decision.reason).collect();
        reasons.dedup();
        self.rows.push(Row {
            who: who.to_owned(),
            what: what.to_owned(),
            verdict: if permitted { "permit" } else { "deny" },
            reason: reasons.join(", "),
            entries,
        });
        Ok(())
    }

    /// Exports and verifies the ledger, then flips one bit in a copy.
    async fn ledger_is_verified(&mut self, folder: &Path) -> Result<(), StoryError> {
        self.tell
            .step("The ledger is exported, and verified as a stranger would")?;
        self.site.stop().await?;
        let exported = folder.join("export");
        self.site.export(&exported)?;
        let found = self.site.verify(&exported)?;
        let Verification::Whole { entries } = found else {
            return expect(false, "the exported ledger verifies", &format!("{found:?}"));
        };
        self.tell.say(&format!(
            "{entries} entries: hash chain, Merkle tree and signed checkpoint are in order"
        ))?;
        let target = self.rows.iter().rfind(|row| row.verdict == "deny");
        let target = target.and_then(|row| row.entries.first().copied());
        let target = target.unwrap_or_default();
        let copy = folder.join("export-with-one-bit-flipped");
        let flip = tampering::copy_with_one_bit_flipped(&exported, &copy, target)?;
        self.tell.say(&format!(
            "one bit flipped in a copy, in the time of entry {target}: {flip}"
        ))?;
        match self.site.verify(&copy)? {
            Verification::Damaged { entry, harm } => {
                self.tell.say(&format!("verify: entry {entry} {harm}"))?;
                expect(entry == target, "verify names the damaged entry", &entry)
            }
            whole @ Verification::Whole { .. } => {
                expect(false, "verify finds the flipped bit", &format!("{whole:?}"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::site::Judged;
    use crate::demo::site::SiteResult;

    /// Answers Success to everything, keeps it, and passes nothing on.
    #[derive(Default)]
    struct Hoarder(Option<StandInPacs>);

    impl Site for Hoarder {
        async fn start(&mut self, config: &Path) -> SiteResult<()> {
            let config = std::fs::read_to_string(config)?;
            let address = config
                .lines()
                .find_map(|line| line.strip_prefix("address = "));
            let mut options = PacsOptions::new("CREDENCE".parse()?);
            options.address = address.unwrap().trim_matches('"').parse()?;
            self.0 = Some(StandInPacs::start(options).await?);
            Ok(())
        }
        async fn grant(&mut self, _: &Grant) -> SiteResult<u64> {
            Ok(1)
        }
        async fn revoke(&mut self, _: u64) -> SiteResult<u64> {
            Ok(2)
        }
        async fn judged(&mut self) -> SiteResult<Vec<Judged>> {
            Ok(Vec::new())
        }
        async fn stop(&mut self) -> SiteResult<()> {
            Ok(())
        }
        fn export(&mut self, _: &Path) -> SiteResult<()> {
            Ok(())
        }
        fn verify(&mut self, _: &Path) -> SiteResult<Verification> {
            Ok(Verification::Whole { entries: 0 })
        }
    }

    #[tokio::test]
    async fn a_gateway_that_hoards_images_does_not_get_through_the_story() {
        let folder = tempfile::tempdir().unwrap();
        let mut out = Vec::new();
        let told = tell(&mut Hoarder::default(), folder.path(), &mut out).await;
        assert!(matches!(
            told,
            Err(StoryError::Unexpected {
                expected: "every image reaches the PACS unchanged",
                found,
            }) if found == "0"
        ));
        let out = String::from_utf8(out).unwrap();
        let progress = format!("{} 24 stored", ".".repeat(24));
        assert!(out.contains(&progress), "{out}");
    }
}
