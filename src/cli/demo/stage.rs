//! Everybody of the story of two hospitals, and what they do more than once.

use std::io::Write;
use std::path::Path;

use dicom_core::VR;
use dicom_dictionary_std::tags;

use super::cheat;
use super::hospital::Built;
use super::hospital::Hospital;
use super::hospital::LAKESIDE;
use super::hospital::PATIENCE;
use super::hospital::ST_ANNA;
use super::hospital::failed;
use crate::contract::Body;
use crate::contract::Decision;
use crate::contract::ReceiptStanding;
use crate::contract::Verb;
use crate::contract::Verdict;
use crate::demo::Counts;
use crate::demo::DemoError;
use crate::demo::Instance;
use crate::demo::Retrieved;
use crate::demo::StoryError;
use crate::demo::Teller;
use crate::demo::ae;
use crate::demo::expect;
use crate::demo::identifier;
use crate::demo::phantom;
use crate::demo::phantom::Patient;
use crate::demo::phantom::Study;
use crate::demo::ranges;
use crate::demo::study_identifier;
use crate::dicom::Model;
use crate::digest::Sha256;
use crate::ledger::Entry;
use crate::ledger::Receipt;
use crate::ledger::open_text;

/// What the workstations of Lakeside call St. Anna.
const HOSPITAL_A: &str = "HOSPITAL_A";

/// Everybody who takes part.
pub(super) struct Stage<'a> {
    pub(super) tell: Teller<'a>,
    pub(super) studies: Vec<Study>,
    pub(super) instances: Vec<Instance>,
    pub(super) anna: Hospital,
    pub(super) lakeside: Hospital,
    pub(super) rows: Vec<[String; 6]>,
}

/// What a pull came to.
pub(super) struct Pull {
    pub(super) moved: Retrieved,
    /// What arrived at the workstation.
    pub(super) came: Vec<Sha256>,
}

impl<'a> Stage<'a> {
    /// Starts everybody.
    pub(super) async fn set(folder: &Path, out: &'a mut dyn Write) -> Result<Self, StoryError> {
        let mut tell = Teller::new(out);
        tell.step("Two hospitals, on free ports of this machine")?;
        let anna = Built::new(&ST_ANNA, folder).await?;
        let lakeside = Built::new(&LAKESIDE, folder).await?;
        lakeside.link(&anna)?;
        anna.link(&lakeside)?;
        for house in [&anna, &lakeside] {
            let name = house.place.name;
            for (what, title, address) in [
                ("gateway", "CRED", house.address),
                ("PACS (a stand-in)", "PACS", house.pacs.address()),
                ("workstation", "WS", house.workstation.address()),
            ] {
                let title = house.place.title(title);
                tell.say(&format!("{name:9} {what:18} {title:7} {address}"))?;
            }
        }
        let lines = anna.row()?.lines().count();
        tell.say(&format!(
            "each pasted what the other's `credence link show` printed, {lines} lines, and chose one name:"
        ))?;
        tell.say(&format!(
            "Lakeside's workstations find St. Anna at {HOSPITAL_A}"
        ))?;
        Ok(Self {
            tell,
            studies: phantom::studies().map_err(DemoError::from)?,
            instances: phantom::instances()?,
            anna: anna.open().await?,
            lakeside: lakeside.open().await?,
            rows: Vec::new(),
        })
    }

    /// The images of somebody.
    pub(super) fn images(&self, of: Patient) -> Vec<Instance> {
        let files: Vec<_> = self
            .studies
            .iter()
            .filter(|study| study.patient == of)
            .flat_map(|study| &study.files)
            .collect();
        let belongs = |image: &&Instance| {
            files
                .iter()
                .any(|file| file.bytes.ends_with(&image.data_set))
        };
        self.instances.iter().filter(belongs).cloned().collect()
    }

    /// C-FIND of a study at St. Anna, by Lakeside's workstation.
    pub(super) async fn look_for(&mut self, patient: Patient) -> Result<usize, StoryError> {
        let asker = self.lakeside.asker("WS", HOSPITAL_A)?;
        let keys = [
            (tags::PATIENT_ID, VR::LO, patient.id),
            (tags::STUDY_INSTANCE_UID, VR::UI, ""),
        ];
        let query = identifier("STUDY", &keys);
        let found = asker.find(Model::StudyRoot, &query, None).await?;
        let found = found.matches.len();
        let id = patient.id;
        self.tell.say(&format!(
            "C-FIND at {HOSPITAL_A} for Patient ID {id}: {found} found"
        ))?;
        Ok(found)
    }

    /// C-MOVE of a study from St. Anna to Lakeside's workstation; `beside` is done meanwhile.
    pub(super) async fn pull<T>(
        &mut self,
        patient: Patient,
        progress: impl Fn(&Counts),
        beside: impl AsyncFnOnce(&Hospital, &Hospital) -> Result<T, StoryError>,
    ) -> Result<(Pull, T), StoryError> {
        let study = self.studies.iter().find(|study| study.patient == patient);
        let study = study.ok_or_else(|| failed("no such study was drawn"))?;
        let keys = study_identifier(&study.uid);
        let asker = self.lakeside.asker("WS", HOSPITAL_A)?;
        let title = ae(&self.lakeside.built.place.title("WS"))?;
        let before = self.lakeside.built.workstation.record().kept().len();
        self.tell
            .begin(&format!("C-MOVE from {HOSPITAL_A} to {title}"))?;
        let tell = &mut self.tell;
        let mut completed = None;
        let moving = asker.retrieve_to(&title, Model::StudyRoot, &keys, None, |counts| {
            // A dot for an image that arrived, none for one that was refused.
            if counts.completed > completed.max(Some(0)) {
                completed = counts.completed;
                tell.dot();
            }
            progress(counts);
        });
        let beside = beside(&self.anna, &self.lakeside);
        let both = async { tokio::join!(moving, beside) };
        let (moved, beside) = tokio::time::timeout(PATIENCE, both).await.map_err(failed)?;
        let (moved, beside) = (moved?, beside?);
        let status = moved.answer.status.0;
        let comment = moved.answer.comment.as_deref().unwrap_or_default();
        self.tell
            .end(format!("{status:04X}H {comment}").trim_end())?;
        let came = self.lakeside.built.workstation.record().kept().into_iter();
        let came = came.skip(before).map(|(_, digest)| digest).collect();
        Ok((Pull { moved, came }, beside))
    }

    pub(super) fn row(
        &mut self,
        who: &str,
        what: &str,
        verdict: &str,
        reason: &str,
        anna: &[u64],
        lakeside: &[u64],
    ) {
        let texts = [who, what, verdict, reason].map(str::to_owned);
        let [who, what, verdict, reason] = texts;
        self.rows
            .push([who, what, verdict, reason, ranges(anna), ranges(lakeside)]);
    }

    /// Whether all images of `patient` came, as they were drawn.
    pub(super) fn came_whole(&self, patient: Patient, pull: &Pull) -> bool {
        let images = self.images(patient);
        let there = |image: &Instance| pull.came.contains(&Sha256::of(&[&image.data_set]));
        pull.came.len() == images.len() && images.iter().all(there)
    }

    /// Both gateways' permits for a pull: shown in the table, and their numbers.
    pub(super) fn permitted(
        &mut self,
        what: &str,
        verdict: &str,
    ) -> Result<(u64, u64), StoryError> {
        let permits = |decision: &Decision| decision.verdict == Verdict::Permit;
        let (news_a, news_b) = (self.anna.news()?, self.lakeside.news()?);
        let first = |news: &[Entry]| decisions(news, Verb::Retrieve, permits).0.first().copied();
        let (Some(at_anna), Some(at_lakeside)) = (first(&news_a), first(&news_b)) else {
            return Err(failed(
                "a gateway released images without a decision in its ledger",
            ));
        };
        let (anna, reason) = decisions(&news_a, Verb::Retrieve, |_| true);
        let (lakeside, _) = decisions(&news_b, Verb::Retrieve, |_| true);
        self.row("WS_B of Lakeside", what, verdict, &reason, &anna, &lakeside);
        Ok((at_anna, at_lakeside))
    }

    /// Waits until both ledgers hold the receipt that both gateways signed, and holds it against what arrived.
    pub(super) async fn agreed(
        &mut self,
        (at_anna, at_lakeside): (u64, u64),
        pull: &Pull,
    ) -> Result<(), StoryError> {
        let anna = self.anna.receipt(at_anna, ReceiptStanding::Agreed).await?;
        let lakeside = self
            .lakeside
            .receipt(at_lakeside, ReceiptStanding::Agreed)
            .await?;
        let (one, other) = (
            self.anna.sealed(anna).await?,
            self.lakeside.sealed(lakeside).await?,
        );
        // Each side's key as the other side has it from the link.
        let keys = [
            &self.lakeside.other.statement_key,
            &self.anna.other.statement_key,
        ];
        let mut read = Vec::new();
        for note in [&one, &other] {
            for key in keys {
                read.push(open_text::<Receipt>(note, key).map_err(failed)?);
            }
        }
        let same = read.windows(2).all(|pair| pair.first() == pair.last());
        expect(
            same,
            "both ledgers hold one receipt, signed by both",
            &"they do not",
        )?;
        let receipt = read.pop().ok_or_else(|| failed("no receipt"))?;
        let is_true = receipt.root == cheat::root(&receipt, &pull.came)
            && usize::try_from(receipt.instances).is_ok_and(|count| count == pull.came.len());
        expect(
            is_true,
            "the receipt is about what arrived",
            &receipt.instances,
        )?;
        let (images, bytes) = (receipt.instances, receipt.bytes);
        self.tell.say(&format!(
            "receipt, signed by both: {images} images, {bytes} bytes, manifest {}; in St. Anna's ledger entry \
             {anna}, in Lakeside's {lakeside}",
            short(&receipt.root)
        ))?;
        let what = format!("receipt for {images} images");
        self.row(
            "both gateways",
            &what,
            "agreed",
            "same manifest at both ends",
            &[anna],
            &[lakeside],
        );
        Ok(())
    }
}

/// Numbers and reason of the decisions on `verb` that are `wanted`.
pub(super) fn decisions(
    entries: &[Entry],
    wanted_verb: Verb,
    wanted: impl Fn(&Decision) -> bool,
) -> (Vec<u64>, String) {
    let mut numbers = Vec::new();
    let mut reasons = Vec::new();
    for entry in entries {
        let Body::Decision { request, decision } = &entry.event.body else {
            continue;
        };
        if request.verb != wanted_verb || !wanted(decision) {
            continue;
        }
        numbers.push(entry.seq);
        reasons.push(match decision.verdict {
            Verdict::Permit => decision.reasons.join(", "),
            Verdict::Deny => decision.short_reason.clone(),
        });
    }
    reasons.dedup();
    (numbers, reasons.join(", "))
}

/// The first digits of a digest.
pub(super) fn short(digest: &Sha256) -> String {
    digest.to_string().chars().take(12).collect()
}
