//! The writer's thread: decides, applies, appends, syncs, and only then answers.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::Weak;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;

use tokio::sync::mpsc;
use tokio::sync::oneshot;

use super::Ask;
use super::Asked;
use super::Judged;
use super::PatientIdentity;
use super::RecordError;
use super::books::Books;
use super::books::BooksError;
use super::books::StartError;
use super::details::Details;
use super::details::Filed;
use super::permit::Judgement;
use super::permit::interrupted;
use crate::clock::Clock;
use crate::config::Config;
use crate::config::Retention;
use crate::contract::Body;
use crate::contract::Decision;
use crate::contract::Obligation;
use crate::contract::Pseudonym;
use crate::contract::Purpose;
use crate::contract::Request;
use crate::contract::StudyFacts;
use crate::contract::Verdict;
use crate::contract::affects;
use crate::contract::decide;
use crate::gateway::control::Change;
use crate::storage::KeyringError;
use crate::storage::Priority;
use crate::time::UtcMicros;

mod answer;

use answer::Answer;
use answer::Asking;

/// Asks that share one sync at most.
const BATCH_MAX: usize = 64;

/// Events that wait for room when not even the reserve has any; what comes beyond them is made good
/// by the next start, as after a crash.
const KEPT_BACK_MAX: usize = 4096;

/// Entries that one ask can make at most: a decision, and an alert about it.
const ENTRIES_PER_ASK_MAX: usize = 2;

/// The one writer's side of the channel.
pub(in crate::gateway) struct Writer {
    books: Books,
    clock: Clock,
    asks: mpsc::Receiver<Ask>,
    /// Decisions that somebody may still act on.
    live: Vec<Weak<Judgement>>,
    /// The start was recorded, and so the end is to be.
    serves: bool,
    /// How long details are kept.
    retention: Retention,
    /// The disk was full at the last look: only what the reserve is for is recorded.
    full: bool,
    has_room: Arc<AtomicBool>,
    /// This batch is one of those.
    reserving: bool,
    /// Events that nobody waits for and that had no room in the reserve either.
    kept_back: VecDeque<Body>,
    /// Keys are still to be destroyed: there was no room to write the keyring anew.
    forgetting: bool,
}

/// What a batch is made of.
#[derive(Default)]
struct Turn {
    answers: Vec<Answer>,
    /// Events that nobody waits for.
    closings: Vec<Body>,
    checkpoint: bool,
    stop: bool,
    /// Something is to be forgotten; nothing is drafted after that.
    forget: bool,
}

impl Writer {
    pub(in crate::gateway) fn new(
        books: Books,
        clock: Clock,
        asks: mpsc::Receiver<Ask>,
        retention: Retention,
    ) -> Self {
        Self {
            books,
            clock,
            asks,
            live: Vec::new(),
            serves: false,
            retention,
            full: false,
            has_room: Arc::new(AtomicBool::new(true)),
            reserving: false,
            kept_back: VecDeque::new(),
            // Looked at once: a start may have found no room for it.
            forgetting: true,
        }
    }

    /// Whether there is room for all entries.
    pub(super) fn has_room(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.has_room)
    }

    fn set_full(&mut self, full: bool) {
        self.full = full;
        self.has_room.store(!full, Ordering::Relaxed);
    }

    /// Closes as interrupted what a crash left open.
    ///
    /// # Errors
    /// When the closings cannot be made durable.
    pub(in crate::gateway) fn close_interrupted(&mut self) -> Result<usize, BooksError> {
        let open: Vec<Body> = self
            .books
            .state()
            .open_transfers()
            .map(|(decision, permit)| interrupted(decision, permit))
            .collect();
        let count = open.len();
        for chunk in open.chunks(BATCH_MAX) {
            for body in chunk {
                self.books.draft(self.clock.read(), body.clone(), None)?;
            }
            self.books.commit(Priority::Reserved)?;
        }
        Ok(count)
    }

    /// Puts the configured policies in force if there are none, so that there is a contract.
    ///
    /// # Errors
    /// When the policies do not parse, or the entries cannot be made durable.
    pub(in crate::gateway) fn found(&mut self, config: &Config) -> Result<(), StartError> {
        if self.books.state().policy().is_none() {
            self.books.found(self.clock.read(), config)?;
            self.books.commit(Priority::Normal)?;
        }
        Ok(())
    }

    /// Puts the configured policies in force if there are none, and records the start.
    ///
    /// # Errors
    /// When the policies do not parse, or the entries cannot be made durable.
    pub(in crate::gateway) fn begin(&mut self, config: &Config) -> Result<(), StartError> {
        self.books.found(self.clock.read(), config)?;
        let started = Body::Started {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            boot: self.books.boot().to_owned(),
        };
        self.serves = true;
        self.books.draft(self.clock.read(), started, None)?;
        match self.books.commit(Priority::Normal) {
            // On a full disk it serves all the same: what protects patients is recorded there too.
            Err(BooksError::NoRoom) => {
                self.set_full(true);
                self.books.commit(Priority::Reserved)?;
            }
            committed => committed?,
        }
        Ok(())
    }

    /// Serves until it is stopped or all handles are gone.
    ///
    /// # Errors
    /// When the disk failed: nothing more is acknowledged, and the process must end.
    pub(in crate::gateway) fn run(mut self) -> Result<(), BooksError> {
        let mut waiting = VecDeque::new();
        loop {
            if waiting.is_empty() {
                match self.asks.blocking_recv() {
                    Some(ask) => waiting.push_back(ask),
                    None => break,
                }
            }
            while waiting.len() < BATCH_MAX
                && let Ok(ask) = self.asks.try_recv()
            {
                waiting.push_back(ask);
            }
            if self.turn(&mut waiting)? {
                break;
            }
        }
        if self.serves {
            self.books.write_snapshot();
            let stopped = Body::Stopped {
                version: env!("CARGO_PKG_VERSION").to_owned(),
                boot: self.books.boot().to_owned(),
                state_root: self.books.state().root(),
            };
            self.books.draft(self.clock.read(), stopped, None)?;
            self.books.commit(Priority::Reserved)?;
        }
        self.books.checkpoint()
    }

    /// One batch, of as many asks as its entries leave room for; `true` when it asked to stop.
    fn turn(&mut self, waiting: &mut VecDeque<Ask>) -> Result<bool, BooksError> {
        // While the disk is full, room is looked for with every tick, and not with every batch: what
        // looks like room may be none, and then the journal is folded anew.
        let looks = waiting.iter().any(|ask| matches!(ask, Ask::Checkpoint));
        self.reserving = self.full && !(looks && self.books.has_room()?);
        let mut turn = Turn::default();
        while !turn.stop
            && !turn.forget
            && self.books.room() >= ENTRIES_PER_ASK_MAX
            && let Some(ask) = waiting.pop_front()
        {
            self.take(ask, &mut turn);
        }
        if turn.checkpoint
            && self.serves
            && !self.reserving
            && let Err(error) = self.books.overdue(self.clock.read())
        {
            tracing::error!(%error, "what is late cannot be recorded");
        }
        let tries = self.full && !self.reserving;
        if tries && self.books.room() > 0 {
            // What tells of it is what tries it, also where nobody asks.
            let body = alert("room-again", "ledger: there is room again");
            self.books.draft(self.clock.read(), body, None)?;
        }
        // What these events overturn must not be released once they are durable: mark it before.
        self.overturn();
        let (checkpoint, stop) = (turn.checkpoint, turn.stop);
        let mut ends = stop;
        let priority = if self.reserving {
            Priority::Reserved
        } else {
            Priority::Normal
        };
        match self.books.commit(priority) {
            Ok(()) => {
                self.answer(turn)?;
                if tries {
                    self.go_on(waiting);
                    ends = false;
                    waiting.extend(stop.then_some(Ask::Stop));
                }
            }
            Err(BooksError::NoRoom) => {
                let is_asked_again = self.refuse(turn, waiting)?;
                ends = stop && !is_asked_again;
            }
            Err(error) => return Err(error),
        }
        self.books.follow_up()?;
        if checkpoint {
            self.forgetting = self.forgetting && !self.books.forget()?;
            self.books.checkpoint()?;
        }
        Ok(ends)
    }

    /// There is room again: what had none is recorded now.
    fn go_on(&mut self, waiting: &mut VecDeque<Ask>) {
        self.set_full(false);
        tracing::warn!("there is room for the ledger again");
        for body in self.kept_back.drain(..).rev() {
            waiting.push_front(Ask::Append(Box::new(body)));
        }
    }

    /// Drafts what is asked, or answers at once.
    fn take(&mut self, ask: Ask, turn: &mut Turn) {
        match ask {
            Ask::Decide { asked, reply } => turn.answers.push(self.judge(*asked, reply)),
            Ask::Append(body) => {
                turn.closings.push((*body).clone());
                if let Err(error) = self.books.draft(self.clock.read(), *body, None) {
                    tracing::error!(%error, "an event of our own was refused");
                }
            }
            Ask::Record { body, filed, reply } => {
                let details = filed.as_deref().cloned();
                let entry = self
                    .books
                    .draft(self.clock.read(), (*body).clone(), details);
                turn.answers.push(match entry {
                    Ok(entry) => {
                        let asking = Asking::Record(*body, filed);
                        Answer::Entry(reply, entry, Box::new(asking))
                    }
                    Err(error) => Answer::Failed(reply, refuse(&error)),
                });
            }
            Ask::Change { change, by, reply } => {
                let forgets = change.forgets();
                let answer = self.change(*change, by, reply);
                turn.forget = forgets && matches!(answer, Answer::Entry(..));
                turn.answers.push(answer);
            }
            Ask::Names {
                patient,
                study,
                reply,
            } => {
                let patient = patient.and_then(|patient| self.books.known_pseudonym(&patient));
                let _ = reply.send((patient, study.map(|study| self.books.blind(&study))));
            }
            Ask::Epochs { reply } => {
                let day = self.books.next_time(self.clock.now()).day();
                let _ = reply.send(self.books.epochs(&self.retention, day));
            }
            Ask::Unseal { entry, reply } => {
                let _ = reply.send(self.books.unseal(entry));
            }
            Ask::View(look) => {
                let now = self.books.next_time(self.clock.now());
                look(self.books.state(), now);
            }
            Ask::Checkpoint => turn.checkpoint = true,
            Ask::Stop => turn.stop = true,
        }
    }

    /// The batch is durable.
    fn answer(&mut self, turn: Turn) -> Result<(), BooksError> {
        let mut forgotten = true;
        if turn.forget {
            forgotten = self.books.forget()?;
            self.forgetting |= !forgotten;
        }
        for answer in turn.answers {
            match answer {
                Answer::Entry(reply, entry, asking) if asking.forgets() && !forgotten => {
                    let _ = reply.send(Err(RecordError::KeyLeft { entry }));
                }
                answer => answer.give(),
            }
        }
        Ok(())
    }

    /// There was no room. What the reserve is for is asked once more, to be taken from there; `true`
    /// then, and a wish to stop is among it.
    fn refuse(&mut self, turn: Turn, waiting: &mut VecDeque<Ask>) -> Result<bool, BooksError> {
        self.books.reload()?;
        if self.reserving {
            tracing::error!("the reserve of the ledger is used up");
            turn.answers.into_iter().for_each(Answer::refuse);
            let room = KEPT_BACK_MAX.saturating_sub(self.kept_back.len());
            self.kept_back.extend(turn.closings.into_iter().take(room));
            return Ok(false);
        }
        if turn.stop {
            waiting.push_front(Ask::Stop);
        }
        let answers = turn.answers.into_iter().rev();
        answers
            .filter_map(Answer::again)
            .for_each(|ask| waiting.push_front(ask));
        for body in turn.closings.into_iter().rev() {
            waiting.push_front(Ask::Append(Box::new(body)));
        }
        if !self.full {
            tracing::error!("no room for the ledger: refusing until there is");
            self.set_full(true);
            let text = "ledger: there is no room, and permits are refused";
            waiting.push_front(Ask::Append(Box::new(alert("no-room", text))));
        }
        Ok(true)
    }

    fn judge(
        &mut self,
        asked: Asked,
        reply: oneshot::Sender<Result<Judged, RecordError>>,
    ) -> Answer {
        match self.judgement(asked) {
            Ok(judgement) => {
                self.live.push(Arc::downgrade(&judgement));
                Answer::Judged(reply, judgement)
            }
            Err(error) => Answer::JudgedFailed(reply, refuse(&error)),
        }
    }

    fn judgement(&mut self, asked: Asked) -> Result<Arc<Judgement>, BooksError> {
        let reading = self.clock.read();
        let request = self.request(&asked, self.books.next_time(reading.wall))?;
        let mut decision = decide(self.books.state(), &request);
        decision.observed = asked.observed;
        if self.reserving && decision.releases() {
            return Err(BooksError::NoRoom);
        }
        let body = Body::Decision {
            request: Box::new(request.clone()),
            decision: Box::new(decision.clone()),
        };
        let details = match (request.patient, &asked.patient) {
            (Some(patient), Some(identity)) => Some(self.filed(patient, identity, &asked)),
            _ => None,
        };
        let class = details.as_ref().map(|filed| filed.class.clone());
        let entry = self.books.draft(reading, body, details)?;
        let salt = self.books.manifest_salt(entry);
        if let Some(alert) = alert_about(entry, &request, &decision) {
            self.books.draft(reading, alert, None)?;
        }
        Ok(Arc::new(Judgement {
            entry,
            asked,
            class,
            salt,
            request,
            decision,
            clock: self.clock,
            overturned: AtomicBool::new(false),
        }))
    }

    /// The details of a decision, in the class that says how long they are kept.
    fn filed(&self, patient: Pseudonym, identity: &PatientIdentity, asked: &Asked) -> Filed {
        let study = asked.study.as_ref();
        let modalities = study.map_or(&[][..], |study| &study.modalities);
        let issuer = String::from_utf8_lossy(&identity.issuer);
        let class = self
            .retention
            .class_of(&asked.custodian, &issuer, modalities);
        Filed {
            patient,
            class: class.to_owned(),
            details: Details::of(identity, asked),
        }
    }

    /// The question with pseudonyms for what identifies.
    fn request(&mut self, asked: &Asked, at: UtcMicros) -> Result<Request, BooksError> {
        let patient = match &asked.patient {
            Some(identity) => Some(self.books.pseudonym(identity)?),
            None => None,
        };
        let study = asked.study.as_ref().map(|study| StudyFacts {
            modalities: study.modalities.iter().cloned().collect(),
            date: study.date,
            uid_digest: self.books.blind(study.uid.as_str()),
        });
        Ok(Request {
            verb: asked.verb,
            purpose: asked.purpose,
            requester: asked.requester.clone(),
            requester_ae: asked.requester_ae.clone(),
            user: asked.user.clone(),
            again: asked.again,
            through: asked.through.clone(),
            custodian: asked.custodian.clone(),
            recipient: asked.recipient.clone(),
            recipient_ae: asked.recipient_ae.clone(),
            patient,
            study,
            question: asked.question,
            transport: asked.transport,
            received_at: at,
        })
    }

    fn change(
        &mut self,
        change: Change,
        by: String,
        reply: oneshot::Sender<Result<u64, RecordError>>,
    ) -> Answer {
        if self.reserving && !change.is_for_the_reserve() {
            return Answer::Failed(reply, RecordError::NoRoom);
        }
        let drafted = self
            .books
            .change(self.clock.read(), change.clone(), by.clone());
        let asking = Asking::Change { change, by };
        match drafted {
            Ok(entry) => Answer::Entry(reply, entry, Box::new(asking)),
            Err(error) => Answer::Failed(reply, refuse(&error)),
        }
    }

    /// Asks again about every live decision that the drafted events may affect, and marks those
    /// whose answer would now be another.
    fn overturn(&mut self) {
        self.live.retain(|live| live.strong_count() > 0);
        let state = self.books.state();
        let drafted: Vec<_> = self
            .books
            .drafted()
            .map(|event| affects(state, event))
            .collect();
        let touched = drafted.iter().filter(|affected| !affected.is_empty());
        let touched: Vec<_> = touched.collect();
        if touched.is_empty() {
            return;
        }
        let now = self.books.next_time(self.clock.now());
        for live in self.live.iter().filter_map(Weak::upgrade) {
            if touched
                .iter()
                .any(|affected| affected.touches(&live.request))
            {
                let request = Request {
                    received_at: now,
                    ..live.request.clone()
                };
                let again = decide(self.books.state(), &request);
                // Also when it would end earlier, or rest on another consent: what was recorded must
                // be what releases.
                let same = same_answer(&again, &live.decision)
                    && again.consents == live.decision.consents
                    && again.valid_until >= live.decision.valid_until;
                if !same {
                    live.overturned.store(true, Ordering::Release);
                }
            }
        }
    }
}

/// What people are to be told of a decision beside the decision: that a rule cannot be evaluated,
/// that an emergency stood in for a consent, or that the permit demands it.
fn alert_about(entry: u64, request: &Request, decision: &Decision) -> Option<Body> {
    let is_owed = |owed| decision.obligations.contains(&owed);
    let is_emergency = request.purpose == Purpose::Emergency;
    let (code, text) = if !decision.errors.is_empty() {
        let text = "refused: a rule cannot be evaluated".to_owned();
        ("rule-error", text)
    } else if decision.verdict != Verdict::Permit {
        return None;
    } else if is_emergency && (is_owed(Obligation::Notify) || is_owed(Obligation::Review)) {
        let (ae, institution) = (&request.requester_ae, &request.requester);
        let text =
            format!("emergency access by {ae} of {institution}: permitted by decision {entry}");
        ("break-glass", text)
    } else if is_owed(Obligation::Notify) {
        let text = "permitted under an obligation to notify".to_owned();
        ("notify", text)
    } else {
        return None;
    };
    Some(Body::Alert {
        code: code.to_owned(),
        text,
        about: Some(entry),
    })
}

/// An event that people should look at.
fn alert(code: &str, text: &str) -> Body {
    Body::Alert {
        code: code.to_owned(),
        text: text.to_owned(),
        about: None,
    }
}

/// The same verdict, for the same reasons, under the same obligations.
fn same_answer(a: &Decision, b: &Decision) -> bool {
    a.verdict == b.verdict && a.reasons == b.reasons && a.obligations == b.obligations
}

fn refuse(error: &BooksError) -> RecordError {
    match error {
        BooksError::NoRoom | BooksError::Keyring(KeyringError::NoSpace) => RecordError::NoRoom,
        other => RecordError::Refused(other.to_string()),
    }
}

#[cfg(test)]
mod tests;
