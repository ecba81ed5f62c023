//! The story of `credence demo --hospitals`: images from one hospital's PACS to another's workstation, through
//! the gateways of both, and what each of the two can prove afterwards. Every step is checked; a step that does
//! not end as told is an error.

use std::io::Write;
use std::path::Path;

use tokio::sync::Notify;

use super::cheat;
use super::hospital::Closed;
use super::hospital::LAKESIDE;
use super::hospital::failed;
use super::stage::Stage;
use super::stage::decisions;
use super::stage::short;
use crate::contract::Body;
use crate::contract::Decision;
use crate::contract::ReceiptStanding;
use crate::contract::Verb;
use crate::contract::Verdict;
use crate::demo::Counts;
use crate::demo::Grant;
use crate::demo::Ground;
use crate::demo::StoryError;
use crate::demo::expect;
use crate::demo::phantom;
use crate::demo::phantom::ADA;
use crate::demo::phantom::JOERG;
use crate::demo::phantom::MEI;
use crate::demo::phantom::Patient;
use crate::digest::Sha256;
use crate::dimse::Status;
use crate::ledger::Receipt;
use crate::ledger::cosignatures;
use crate::ledger::open_text;
use crate::storage;
use crate::storage::Depth;
use crate::storage::ExportForm;
use crate::storage::Kept;

/// Ada changes her mind when so many of her images have arrived.
const ARRIVED_BEFORE_REVOCATION: u16 = 8;

/// From one image of a slow PACS to the next.
const SLOW: std::time::Duration = std::time::Duration::from_millis(100);

/// Tells the story on `out`. What it writes is kept in `keep`, a folder that must not be there yet, or thrown
/// away at the end.
pub(super) async fn run(keep: Option<&Path>, out: &mut dyn Write) -> Result<(), StoryError> {
    writeln!(
        out,
        "Credence demo: two hospitals on loopback, drawn patients, nothing leaves this machine."
    )?;
    let ground = Ground::of(keep)?;
    // Two whole gateways are started in it.
    let mut stage = Box::pin(Stage::set(ground.path(), out)).await?;
    stage.scanners_store().await?;
    stage.radiologist_is_refused().await?;
    let consent = stage.ada_consents().await?;
    stage.radiologist_pulls().await?;
    stage.ada_revokes(consent).await?;
    stage.lakeside_cheats().await?;
    Box::pin(stage.ledgers_are_verified()).await?;
    writeln!(out, "\nWhat next")?;
    match keep {
        Some(folder) => writeln!(
            out,
            "   look at it:  credence ledger show {0}/st-anna/data\n                \
             credence ledger show {0}/lakeside/data",
            folder.display()
        )?,
        None => writeln!(out, "   keep it all: credence demo --hospitals --keep DIR")?,
    }
    writeln!(out, "   your own:    docs/two-hospitals.md")?;
    Ok(())
}

impl Stage<'_> {
    /// C-STORE in both houses.
    async fn scanners_store(&mut self) -> Result<(), StoryError> {
        self.tell
            .step("Scanners store, each through its own hospital's gateway")?;
        let at_anna = [self.images(ADA), self.images(JOERG)].concat();
        let at_lakeside = self.images(MEI);
        for (house, images) in [(&self.anna, at_anna), (&self.lakeside, at_lakeside)] {
            let place = house.built.place;
            self.tell.begin(&format!("{:9}", place.name))?;
            let scanner = house.asker("CT", &place.title("CRED"))?;
            let tell = &mut self.tell;
            scanner.store(&images, |_| tell.dot()).await?;
            let kept = house.built.pacs.record().kept();
            let same = images.iter().filter(|image| {
                let digest = Sha256::of(&[&image.data_set]);
                kept.contains(&(image.sop_instance.clone(), digest))
            });
            let same = same.count();
            self.tell.end(&format!("{same} in its PACS, bit for bit"))?;
            expect(
                same == images.len(),
                "every image reaches the PACS unchanged",
                &same,
            )?;
        }
        self.anna.news()?;
        self.lakeside.news()?;
        Ok(())
    }

    /// Nothing is found, nothing comes.
    async fn radiologist_is_refused(&mut self) -> Result<(), StoryError> {
        self.tell
            .step("A radiologist of Lakeside asks St. Anna for Ada's CT, without a consent")?;
        let found = self.look_for(ADA).await?;
        expect(found == 0, "Lakeside finds nothing", &found)?;
        let (pull, ()) = self.pull(ADA, |_| (), async |_, _| Ok(())).await?;
        let came = pull.came.len();
        expect(came == 0, "no image reaches Lakeside", &came)?;
        let status = pull.moved.answer.status;
        expect(
            status == Status::NOT_AUTHORISED,
            "Lakeside is refused",
            &status,
        )?;
        self.tell
            .say("0 images arrived; St. Anna does not even say that there is a study")?;
        let denied = |decision: &Decision| decision.verdict == Verdict::Deny;
        let (at_anna, reason) = decisions(&self.anna.news()?, Verb::Query, denied);
        expect(
            !at_anna.is_empty(),
            "St. Anna's ledger holds the refusal",
            &"it does not",
        )?;
        let (at_lakeside, _) = decisions(&self.lakeside.news()?, Verb::Query, |_| true);
        self.row(
            "WS_B of Lakeside",
            "Ada's CT, without a consent",
            "deny",
            &reason,
            &at_anna,
            &at_lakeside,
        );
        Ok(())
    }

    /// St. Anna's patient desk takes down a consent to Lakeside.
    async fn consents(&mut self, patient: Patient, who: &str) -> Result<u64, StoryError> {
        let entry = self
            .anna
            .grant(&Grant {
                patient: patient.id,
                issuer: phantom::ISSUER,
                to: LAKESIDE.slug,
                purpose: "TREATMENT",
            })
            .await?;
        self.tell
            .say(&format!("recorded as entry {entry} of St. Anna's ledger"))?;
        let who = format!("{who}, St. Anna's desk");
        self.row(
            &who,
            "consents to Lakeside",
            "granted",
            "the patient's word",
            &[entry],
            &[],
        );
        Ok(entry)
    }

    async fn ada_consents(&mut self) -> Result<u64, StoryError> {
        self.tell.step(
            "Ada consents, at St. Anna's patient desk: Lakeside may have her images for treatment",
        )?;
        let entry = self.consents(ADA, "Ada").await?;
        let news = self.lakeside.news()?.len();
        expect(news == 0, "nothing changes at Lakeside", &news)?;
        self.tell
            .say("at Lakeside nothing is configured, and nothing recorded")?;
        Ok(entry)
    }

    /// The same request, permitted.
    async fn radiologist_pulls(&mut self) -> Result<(), StoryError> {
        self.tell.step("The same request, a moment later")?;
        let found = self.look_for(ADA).await?;
        expect(found == 1, "Lakeside finds the study", &found)?;
        let (pull, ()) = self.pull(ADA, |_| (), async |_, _| Ok(())).await?;
        let good = pull.moved.answer.status == Status::SUCCESS && self.came_whole(ADA, &pull);
        expect(
            good,
            "Ada's CT reaches Lakeside bit for bit",
            &pull.came.len(),
        )?;
        let came = pull.came.len();
        self.tell
            .say(&format!("{came} images arrived, bit for bit"))?;
        let what = "Ada's CT, with her consent";
        let decided = self.permitted(what, "permit")?;
        self.agreed(decided, &pull).await
    }

    /// The consent ends in the middle of a pull.
    async fn ada_revokes(&mut self, consent: u64) -> Result<(), StoryError> {
        self.tell
            .step("The radiologist pulls again, from a slow PACS, and in the middle Ada revokes")?;
        self.anna
            .built
            .pacs
            .script(|pacs| pacs.retrieve.pause = SLOW);
        let before = self.lakeside.built.workstation.record().kept().len();
        let middle = Notify::new();
        let progress = |counts: &Counts| {
            if counts.completed >= Some(ARRIVED_BEFORE_REVOCATION) {
                middle.notify_one();
            }
        };
        let (pull, (entry, there)) = self
            .pull(ADA, progress, async |anna, lakeside| {
                middle.notified().await;
                let entry = anna.revoke(consent).await?;
                Ok((entry, lakeside.built.workstation.record().kept().len()))
            })
            .await?;
        self.anna
            .built
            .pacs
            .script(|pacs| pacs.retrieve.pause = std::time::Duration::ZERO);
        let (came, there) = (pull.came.len(), there.saturating_sub(before));
        let counts = pull.moved.counts;
        let told =
            [counts.completed, counts.failed].map(|count| usize::from(count.unwrap_or_default()));
        let [completed, refused] = told;
        self.tell.say(&format!(
            "revoked as entry {entry}, when {there} had arrived; C-MOVE counts {completed} completed, {refused} failed"
        ))?;
        // One image may have been on its way.
        expect(
            came <= there + 1,
            "nothing that begins after the revocation arrives",
            &came,
        )?;
        let all = self.images(ADA).len();
        let is_true = completed == came && completed + refused == all && refused > 0;
        expect(is_true, "the counts are true", &format!("{came} arrived"))?;
        self.row(
            "Ada, St. Anna's desk",
            &format!("ends consent {consent}"),
            "revoked",
            "the patient's word",
            &[entry],
            &[],
        );
        let decided = self.permitted(&format!("Ada's CT again, {came} of {all}"), "stopped")?;
        self.agreed(decided, &pull).await
    }

    /// Lakeside lies about what it got, and then tells the truth.
    async fn lakeside_cheats(&mut self) -> Result<(), StoryError> {
        self.tell
            .step("Lakeside cheats: Jörg's MR, and a receipt about other bytes")?;
        self.consents(JOERG, "Jörg").await?;
        // The gateway's own receipt is not to go out before the forged one.
        self.lakeside.stop_exchange().await;
        let (pull, ()) = self.pull(JOERG, |_| (), async |_, _| Ok(())).await?;
        let whole = self.came_whole(JOERG, &pull);
        expect(
            whole,
            "Jörg's MR reaches Lakeside bit for bit",
            &pull.came.len(),
        )?;
        let (at_anna, at_lakeside) = self.permitted("Jörg's MR, with his consent", "permit")?;
        self.anna.receipt(at_anna, ReceiptStanding::Due).await?;
        let drafted = self
            .lakeside
            .receipt(at_lakeside, ReceiptStanding::Drafted)
            .await?;
        self.tell.say("Lakeside's operator holds back what its gateway wrote, alters one image by one bit, and signs")?;
        self.tell
            .say("the receipt for that with the gateway's key: \"this is what St. Anna sent\"")?;
        let (before, _) = self.anna.score().await?;
        let honest = cheat::unsent(&self.lakeside).await?;
        let images = self.images(JOERG);
        let forged = cheat::altered(&honest, &images.iter().collect::<Vec<_>>());
        let answered = cheat::send(&self.lakeside, &forged).await?;
        let status = answered.status.as_u16();
        expect(
            status == 409,
            "St. Anna does not sign the forged receipt",
            &status,
        )?;
        let ours: Receipt =
            open_text(&answered.body, &self.lakeside.other.statement_key).map_err(failed)?;
        expect(
            ours.root == honest.root,
            "St. Anna signs what it sent",
            &short(&ours.root),
        )?;
        let disputed = self
            .anna
            .receipt(at_anna, ReceiptStanding::Disputed)
            .await?;
        let (after, _) = self.anna.score().await?;
        expect(after < before, "a lie costs credit", &after)?;
        self.tell.say(&format!(
            "St. Anna: {status}, manifest {}, not {}; both signed texts are sealed in entry {disputed}",
            short(&ours.root),
            short(&forged.root)
        ))?;
        self.tell.say(&format!(
            "Lakeside's score at St. Anna: {before} before, {after} now"
        ))?;
        self.row(
            "Lakeside's operator",
            "receipt about other bytes",
            "disputed",
            "not what was sent",
            &[disputed],
            &[drafted],
        );
        self.truth_comes_too_late(disputed, after).await
    }

    /// Lakeside's gateway sends the receipt that it wrote: the second one for this transfer.
    async fn truth_comes_too_late(&mut self, disputed: u64, before: u16) -> Result<(), StoryError> {
        self.lakeside.start_exchange()?;
        let is_it = |body: &Body| matches!(body, Body::Equivocated { .. });
        let expected = "two receipts for one transfer are recorded";
        let entry = self.anna.waits_for(disputed, expected, is_it).await?;
        let (after, ceiling) = self.anna.score().await?;
        self.tell.say("Lakeside's gateway then sends the true one by itself: two receipts for one transfer, one key")?;
        let held = ceiling.is_some_and(|ceiling| after <= ceiling) && after < before;
        expect(
            held,
            "who contradicts itself is held below the ceiling",
            &after,
        )?;
        let ceiling = ceiling.unwrap_or_default();
        self.tell.say(&format!(
            "both stand in entry {entry}; score: {before} before, {after} now, at most {ceiling} until a person lifts it"
        ))?;
        self.row(
            "Lakeside's gateway",
            "a second receipt for it",
            "equivocated",
            "contradicts the first",
            &[entry],
            &[],
        );
        Ok(())
    }

    /// Both ledgers are exported, and verified with what the other hospital has: key, witness.
    async fn ledgers_are_verified(mut self) -> Result<(), StoryError> {
        self.tell
            .step("Both ledgers are exported, and verified with what the other hospital knows")?;
        self.anna.waits_for_cosignature().await?;
        self.lakeside.waits_for_cosignature().await?;
        let (anna, lakeside) = (self.anna.close().await?, self.lakeside.close().await?);
        for (house, other) in [(&anna, &lakeside), (&lakeside, &anna)] {
            let told = verified(house, other)?;
            self.tell.say(&told)?;
        }
        let titles = ["who", "what", "verdict", "reason", "St. Anna", "Lakeside"];
        Ok(self.tell.columns(titles, &self.rows)?)
    }
}

/// Exports the ledger of `house` and verifies it as `other` would; what that found.
fn verified(house: &Closed, other: &Closed) -> Result<String, StoryError> {
    let export = house.folder.join("export");
    storage::export(&house.data_dir, &export, &ExportForm::default()).map_err(failed)?;
    let kept = Kept::read(&export.join("checkpoint.cosigned")).map_err(failed)?;
    let witness = &house.other.witness_key;
    let signed = cosignatures(&kept.note, std::slice::from_ref(witness)).map_err(failed)?;
    let by = signed
        .first()
        .ok_or_else(|| failed("nobody cosigned the checkpoint"))?;
    let key = &other.other.log_key;
    let report =
        storage::verify_against(&export, Some(key), Depth::Replay, &[kept]).map_err(failed)?;
    let over = report.kept.first().map_or(0, |kept| kept.size);
    Ok(format!(
        "{:9} {} entries verified, every decision reached again; {} cosigned the checkpoint over {over}",
        house.place.name,
        report.verified.entries(),
        by.witness
    ))
}
