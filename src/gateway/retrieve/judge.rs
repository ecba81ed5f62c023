//! Before anything is fetched: which studies a request selects and whose they are, as the
//! archive says, and what the contract says of each.

use std::collections::BTreeSet;
use std::future::Future;
use std::sync::Arc;

use super::Request;
use super::Stop;
use super::archive::Archive;
use super::archive::FoundStudy;
use super::archive::Offered;
use super::count::Counts;
use super::identifier::Identifier;
use super::identifier::Level;
use super::registry::PermittedStudy;
use super::registry::Progress;
use super::reply::Reply;
use super::reply::pending;
use super::resume::Listed;
use crate::config::Peer;
use crate::contract::Outcome;
use crate::dicom::Uid;
use crate::dicom::storage_classes;
use crate::dimse::CommandField;
use crate::dimse::Status;
use crate::gateway::Gateway;
use crate::gateway::inbound::Inbound;
use crate::gateway::instance::Ended;
use crate::gateway::instance::ended_by;
use crate::gateway::link::Asker;
use crate::gateway::link::Role;
use crate::gateway::link::Ticket;
use crate::gateway::link::Ticketed;
use crate::gateway::recorder::Asked;
use crate::gateway::recorder::Judged;
use crate::gateway::recorder::Recorded;
use crate::gateway::recorder::StudyAsked;
use crate::gateway::session::Session;
use crate::gateway::transfer::Closing;
use crate::gateway::transfer::Tally;
use crate::ledger::STATED_TRANSFERS_MAX;
use crate::transport::Indication;

/// The studies of a request, judged.
pub(super) struct Judgements {
    pub(super) progress: Progress,
    permitted: Vec<Uid>,
    denied: Vec<FoundStudy>,
    /// Why the first denied one was.
    comment: Option<String>,
}

impl Judgements {
    /// What to ask the archive for: the request as it came when all of it is permitted, and one statement to
    /// another gateway names it all; else one request per permitted study.
    pub(super) fn plan(&self, request: &Request) -> Vec<Identifier> {
        let is_one =
            request.archive.through.is_none() || self.permitted.len() <= STATED_TRANSFERS_MAX;
        if self.denied.is_empty() && is_one {
            return vec![request.identifier.clone()];
        }
        let one = |study| request.identifier.for_study(study);
        self.permitted.iter().map(one).collect()
    }

    /// The reply when nothing is to be fetched.
    fn nothing_to_fetch(&self) -> Option<Reply> {
        if !self.permitted.is_empty() {
            return None;
        }
        Some(match &self.comment {
            Some(comment) => Reply::failed(Status::NOT_AUTHORISED, comment),
            None => Reply::of(&self.progress.counts, false),
        })
    }
}

impl Request {
    /// Studies by name, of another hospital's gateway: one that it does not tell of may be there all the same,
    /// and a Success without images would say that it is not.
    fn names_what_another_decides_on(&self) -> bool {
        self.archive.through.is_some() && !self.identifier.studies.is_empty()
    }
}

/// A request that something is to be fetched for.
pub(super) struct Prepared {
    /// Our association at the archive.
    pub(super) archive: Archive,
    pub(super) judged: Judgements,
    /// SOP classes of what will come, where they were asked for.
    pub(super) classes: BTreeSet<Uid>,
    /// What will come, likewise.
    pub(super) listed: Listed,
}

impl Session {
    /// Judges `request`, telling the requestor now and then that we are alive: an archive may
    /// take long to say what it has. `classes`: also finds the SOP classes of what will come.
    pub(super) async fn prepare(
        &mut self,
        request: &Request,
        recipient: &Peer,
        classes: bool,
    ) -> Result<Prepared, Stop> {
        let gateway = Arc::clone(&self.gateway);
        let inbound = self.inbound.clone();
        let judge = Judge {
            gateway: &gateway,
            inbound: &inbound,
            request,
            recipient,
        };
        // On the heap: every association would carry it otherwise.
        let work = Box::pin(judge.prepare(classes));
        let prepared = self.attend(request, &Counts::default(), work).await?;
        let released = prepared.judged.progress.released();
        if let Err(ended) = self.report_decisions(&released).await {
            self.abandon(&released).await;
            return Err(ended.into());
        }
        Ok(prepared)
    }

    /// Closes decisions under which nothing came: open ones are counted.
    pub(super) async fn abandon(&self, released: &[(Uid, Recorded)]) {
        let closing = Closing::last(Outcome::Interrupted);
        for (_, recorded) in released {
            let recorder = &self.gateway.recorder;
            recorder.close(recorded, &Tally::default(), closing).await;
        }
    }

    /// Does `work` that the requestor waits for: sends Pending responses meanwhile, and stops
    /// when it cancels or is gone.
    pub(super) async fn attend<T>(
        &mut self,
        request: &Request,
        counts: &Counts,
        work: impl Future<Output = Result<T, Stop>>,
    ) -> Result<T, Stop> {
        tokio::pin!(work);
        let interval = self.gateway.config.timeouts.pending_interval;
        let mut tick = tokio::time::interval_at(tokio::time::Instant::now() + interval, interval);
        loop {
            tokio::select! {
                biased;
                done = &mut work => return done,
                next = self.link.next() => only_cancel(next.map_err(Ended::from)?)?,
                _ = tick.tick() => {
                    let response = pending(&request.command, counts);
                    self.link.queue_command(request.context_id, &response);
                }
            }
        }
    }

    /// Opens our association at the archive of `request`.
    pub(super) async fn open_archive(
        &self,
        request: &Request,
        offered: Vec<Offered>,
    ) -> Result<Archive, Stop> {
        open_archive(&self.gateway, &self.inbound, request, offered).await
    }
}

async fn open_archive(
    gateway: &Gateway,
    inbound: &Inbound,
    request: &Request,
    offered: Vec<Offered>,
) -> Result<Archive, Stop> {
    let calling = inbound.calling_towards(&request.archive);
    let class = Some(&request.class);
    let archive = Archive::open(gateway, &request.archive, calling, class, offered).await?;
    Ok(archive)
}

fn only_cancel(indication: Indication) -> Result<(), Stop> {
    match indication {
        Indication::Command { command, .. } if command.field() == Some(CommandField::CCancelRq) => {
            Err(Stop::Reply(Reply::of(&Counts::default(), true)))
        }
        other => Err(Stop::Ended(ended_by(&other))),
    }
}

struct Judge<'a> {
    gateway: &'a Gateway,
    inbound: &'a Inbound,
    request: &'a Request,
    recipient: &'a Peer,
}

impl Judge<'_> {
    async fn prepare(self, classes: bool) -> Result<Prepared, Stop> {
        let mut archive =
            open_archive(self.gateway, self.inbound, self.request, Vec::new()).await?;
        let asker = Asker::of(self.inbound);
        archive.say(self.gateway, &asker, &[]).await?;
        let mut judged = self.studies(&mut archive).await?;
        if let Some(reply) = judged.nothing_to_fetch() {
            tokio::spawn(archive.link.release());
            return Err(Stop::Reply(reply));
        }
        self.count_denied(&mut archive, &mut judged).await?;
        let (classes, listed) = if classes {
            self.classes(&mut archive, &judged).await?
        } else {
            (BTreeSet::new(), Listed::new())
        };
        Ok(Prepared {
            archive,
            judged,
            classes,
            listed,
        })
    }

    /// Asks the archive which studies these are and whose, and the contract about each.
    async fn studies(&self, archive: &mut Archive) -> Result<Judgements, Stop> {
        let max = self.gateway.config.limits.studies_per_retrieve_max;
        let mut found = archive.studies(&self.request.identifier, max).await?;
        if found.is_empty() && self.request.names_what_another_decides_on() {
            let comment = "not there, or not permitted by its custodian";
            let reply = Reply::failed(Status::NOT_AUTHORISED, comment);
            return Err(Stop::Reply(reply));
        }
        let house = &self.request.archive.institution;
        let foreign =
            self.recipient.institution != *house || self.inbound.peer.institution != *house;
        for study in &mut found {
            // A consent may name modalities; not every archive tells them at study level.
            if foreign && study.modalities.is_empty() {
                study.modalities = archive.modalities(&study.uid).await?;
            }
        }
        let mut judged = Judgements {
            progress: Progress::default(),
            permitted: Vec::new(),
            denied: Vec::new(),
            comment: None,
        };
        for study in found {
            self.study(study, &mut judged).await?;
        }
        Ok(judged)
    }

    async fn study(&self, study: FoundStudy, judged: &mut Judgements) -> Result<(), Stop> {
        let gateway = self.gateway;
        let archive = &self.request.archive;
        if self.inbound.lacks_a_transfer(Some(&study.uid)) {
            let comment = "a gateway names the transfer of a study first";
            judged.comment.get_or_insert_with(|| comment.to_owned());
            judged.denied.push(study);
            return Ok(());
        }
        let asked = Asked {
            patient: study.patient.clone(),
            study: Some(StudyAsked {
                uid: study.uid.clone(),
                modalities: study.modalities.clone(),
                date: study.date,
            }),
            ticket: self.ticket(&study.uid),
            ..Asked::retrieve(
                self.request.mode,
                self.inbound,
                archive,
                self.recipient,
                self.request.command.field() == Some(CommandField::CGetRq),
            )
        };
        match gateway.recorder.decide(asked).await {
            Ok(Judged::Permitted(recorded)) => {
                judged.permitted.push(study.uid.clone());
                let permitted = PermittedStudy {
                    patient: study.patient,
                    recorded,
                    refused: None,
                    tally: Tally::default(),
                };
                judged.progress.studies.insert(study.uid, permitted);
                Ok(())
            }
            Ok(Judged::Refused(refusal)) => {
                let comment = refusal.comment(self.inbound.is_own_house);
                judged.comment.get_or_insert(comment);
                judged.denied.push(study);
                Ok(())
            }
            Err(error) => {
                let status = Status::MOVE_CANNOT_PERFORM;
                Err(Stop::Reply(Reply::failed(status, &error.to_string())))
            }
        }
    }

    /// The ticket for a study: ours to name where we ask another gateway, the other's where we are asked.
    fn ticket(&self, study: &Uid) -> Ticketed {
        let asked = self.request.archive.through.as_ref();
        let Some(through) = asked.filter(|through| through.receipt) else {
            let ticket = self.inbound.ticket(study, Role::Sender);
            if let Some(ticket) = &ticket {
                self.gateway.receipts.track(ticket);
            }
            return Ticketed(ticket);
        };
        Ticketed(Ticket::begin(&through.institution, Role::Recipient))
    }

    /// Counts and names the instances of denied studies: they are failed sub-operations, not
    /// silence.
    async fn count_denied(
        &self,
        archive: &mut Archive,
        judged: &mut Judgements,
    ) -> Result<(), Stop> {
        let identifier = &self.request.identifier;
        for study in &judged.denied {
            let counts = &mut judged.progress.counts;
            let instances = archive.instances(&study.uid, identifier).await?;
            let named = u32::try_from(instances.len()).unwrap_or(u32::MAX);
            let whole = matches!(identifier.level, Level::Patient | Level::Study);
            let known = study.instances.filter(|_| whole).unwrap_or(0);
            counts.denied = counts.denied.saturating_add(named.max(known));
            for instance in instances {
                counts.fail(instance.uid);
            }
        }
        Ok(())
    }

    /// What will come and its SOP classes, from the archive's own list of instances.
    async fn classes(
        &self,
        archive: &mut Archive,
        judged: &Judgements,
    ) -> Result<(BTreeSet<Uid>, Listed), Stop> {
        let mut classes = BTreeSet::new();
        let mut listed = Listed::new();
        for study in &judged.permitted {
            let instances = archive.instances(study, &self.request.identifier).await?;
            classes.extend(instances.iter().filter_map(|one| one.class.clone()));
            listed.insert(study.clone(), instances);
        }
        if classes.is_empty() {
            classes.extend(storage_classes().filter_map(|class| class.parse().ok()));
        }
        Ok((classes, listed))
    }
}
