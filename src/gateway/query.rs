//! C-FIND (PS3.4 §C.4.1, Annex K): relayed to its destination, judged as a whole, and, for
//! another institution, match by match: what it may not know of does not appear.

use std::sync::Arc;

use super::instance::Ended;
use super::instance::ended_by;
use super::instance::next_within;
use super::instance::take_small;
use super::link::Asker;
use super::matches::Matches;
use super::recorder::Asked;
use super::recorder::Judged;
use super::retrieve::Level;
use super::session::Session;
use super::store::Refused;
use super::store::refused;
use crate::config::Peer;
use crate::config::Routed;
use crate::contract::Body;
use crate::dicom::Elements;
use crate::dicom::Encoding;
use crate::dicom::Model;
use crate::dicom::Tag;
use crate::dicom::tag;
use crate::dimse::Class;
use crate::dimse::CommandField;
use crate::dimse::CommandSet;
use crate::dimse::Status;
use crate::dimse::element;
use crate::transport::Indication;

/// One query while it is relayed.
struct Query {
    context_id: u8,
    request: CommandSet,
    encoding: Encoding,
    /// Message ID at the destination.
    upstream_id: u16,
    level: Option<Level>,
    /// Judges every match, where the asker is of another institution than the archive.
    judge: Option<Matches>,
    model: Model,
    /// Responses with a match that came.
    matches: u64,
    /// Of these, passed on.
    passed: u64,
    withheld: u64,
    capped: bool,
}

impl Session {
    /// One C-FIND-RQ, up to its final response.
    pub(super) async fn find(
        &mut self,
        context_id: u8,
        request: CommandSet,
        model: Model,
        routed: &Routed,
    ) -> Result<(), Ended> {
        let archive = &routed.peer;
        let encoding = self.encoding(context_id).ok_or(Ended::OutOfTurn)?;
        let gateway = Arc::clone(&self.gateway);
        let max = gateway.config.limits.identifier_bytes_max;
        let silence = self.inbound.peer.timeouts.dimse_response;
        let bytes = take_small(&mut self.link, &request, max, silence).await?;
        let readable = bytes.and_then(|bytes| Some((level(&bytes, encoding, model)?, bytes)));
        let Some((level, identifier)) = readable else {
            let comment = "identifier cannot be read or has no level";
            let refusal = refused(Status::IDENTIFIER_MISMATCH, comment);
            self.respond(context_id, &request, &refusal);
            return Ok(());
        };
        let decision = match self.permit_query(routed).await {
            Ok(decision) => decision,
            Err(refusal) => {
                self.respond(context_id, &request, &refusal);
                return Ok(());
            }
        };
        let foreign = self.inbound.peer.institution != archive.institution;
        let mut query = Query {
            context_id,
            encoding,
            upstream_id: 0,
            level,
            judge: foreign.then(|| Matches::new(routed, encoding, model, level)),
            model,
            request,
            matches: 0,
            passed: 0,
            withheld: 0,
            capped: false,
        };
        let status = self.relay_query(&mut query, identifier, archive).await;
        if let Some(judge) = query.judge.take() {
            judge.close();
        }
        let body = Body::Query {
            decision,
            matches: query.passed,
            withheld: query.withheld,
            status: status?.0,
        };
        gateway.recorder.note(body).await;
        Ok(())
    }

    /// Puts the query as a whole to the contract; gives the decision's entry.
    async fn permit_query(&self, routed: &Routed) -> Result<u64, Refused> {
        let gateway = &self.gateway;
        let asked = Asked::query(routed.mode, &self.inbound, &routed.peer);
        match gateway.recorder.decide(asked).await {
            Ok(Judged::Permitted(recorded)) => Ok(recorded.entry()),
            Ok(Judged::Refused(refusal)) => {
                let comment = refusal.comment(self.inbound.is_own_house);
                Err(refused(Status::UNABLE_TO_PROCESS, &comment))
            }
            Err(error) => Err(refused(Status::FIND_OUT_OF_RESOURCES, &error.to_string())),
        }
    }

    /// Relays the query and its responses; gives the final status.
    async fn relay_query(
        &mut self,
        query: &mut Query,
        identifier: Vec<u8>,
        archive: &Arc<Peer>,
    ) -> Result<Status, Ended> {
        let gateway = Arc::clone(&self.gateway);
        let context_id = query.context_id;
        let upstream = self
            .upstreams
            .iter_mut()
            .find(|u| u.context(context_id).is_some());
        let Some(upstream) = upstream else {
            return Err(Ended::OutOfTurn);
        };
        let to_context = upstream.context(context_id).ok_or(Ended::OutOfTurn)?;
        upstream.begin_anew(&gateway, &mut self.transfers).await;
        // What is under way by the same association stays so.
        let stated = self.transfers.stated(&upstream.peer.name);
        let asker = Asker::of(&self.inbound);
        if let Err(error) = upstream.say(&gateway, &asker, &stated).await {
            tracing::warn!(%error, "archive cannot be asked");
            return Ok(self.fail_query(query));
        }
        query.upstream_id = upstream.next_message_id();
        let mut command = query.request.clone();
        command.set_u16(element::MESSAGE_ID, query.upstream_id);
        let identifier = query.with_keys(identifier);
        let Ok(link) = upstream.ready(&gateway).await else {
            return Ok(self.fail_query(query));
        };
        link.queue_command(to_context, &command);
        link.queue_data(to_context, identifier.into(), true);
        match self.follow_query(query, to_context).await {
            Ok(status) => Ok(status),
            Err(Lost::Asker(ended)) => Err(ended),
            Err(Lost::Archive(ended)) => {
                tracing::warn!(archive = %archive.name, %ended, "archive lost during a query");
                for upstream in &mut self.upstreams {
                    if upstream.context(context_id).is_some() {
                        upstream.hang_up();
                    }
                }
                Ok(self.fail_query(query))
            }
        }
    }

    fn fail_query(&mut self, query: &Query) -> Status {
        let refusal = refused(Status::UNABLE_TO_PROCESS, "archive cannot be asked");
        self.respond(query.context_id, &query.request, &refusal);
        refusal.status
    }

    async fn follow_query(&mut self, query: &mut Query, to_context: u8) -> Result<Status, Lost> {
        let gateway = Arc::clone(&self.gateway);
        let config = &gateway.config;
        let index = self
            .upstreams
            .iter()
            .position(|upstream| upstream.context(query.context_id) == Some(to_context));
        loop {
            let Some(upstream) = index.and_then(|index| self.upstreams.get_mut(index)) else {
                return Err(Lost::Archive(Ended::Closed));
            };
            let silence = upstream.peer.timeouts.dimse_response;
            let Some(link) = upstream.standing() else {
                return Err(Lost::Archive(Ended::Closed));
            };
            let response = tokio::select! {
                biased;
                asker = self.link.next() => {
                    match asker.map_err(|error| Lost::Asker(error.into()))? {
                        Indication::Command { command, .. }
                            if command.field() == Some(CommandField::CCancelRq) =>
                        {
                            link.queue_command(to_context, &query.cancel());
                            continue;
                        }
                        other => return Err(Lost::Asker(ended_by(&other))),
                    }
                }
                heard = next_within(link, silence) => match heard.map_err(Lost::Archive)? {
                    Indication::Command { command, .. } => command,
                    other => return Err(Lost::Archive(ended_by(&other))),
                },
            };
            if response.message_id_responded_to() != Some(query.upstream_id) {
                return Err(Lost::Archive(Ended::OutOfTurn));
            }
            let max = config.limits.identifier_bytes_max;
            let identifier = take_small(link, &response, max, silence).await;
            let identifier = identifier.map_err(Lost::Archive)?;
            let status = response.status().unwrap_or(Status::UNABLE_TO_PROCESS);
            if status.class() != Class::Pending {
                let status = self.end_query(query, &response, status);
                return Ok(status);
            }
            query.matches = query.matches.saturating_add(1);
            if query.matches > config.limits.matches_max as u64 {
                if !query.capped {
                    query.capped = true;
                    link.queue_command(to_context, &query.cancel());
                }
                continue;
            }
            if let Some(identifier) = identifier {
                self.pass_match(query, &response, identifier)
                    .await
                    .map_err(Lost::Asker)?;
            }
        }
    }

    /// Sends one match on, if the asker may know of it.
    async fn pass_match(
        &mut self,
        query: &mut Query,
        response: &CommandSet,
        identifier: Vec<u8>,
    ) -> Result<(), Ended> {
        if let Some(judge) = &mut query.judge
            && !judge
                .may_know(&self.gateway, &self.inbound, &identifier)
                .await
        {
            query.withheld = query.withheld.saturating_add(1);
            return Ok(());
        }
        let identifier = match Elements::parse(&identifier, query.encoding) {
            Ok(elements)
                if query.model != Model::Worklist && elements.has(tag::RETRIEVE_AE_TITLE) =>
            {
                let ours = self.inbound.called.as_str().as_bytes();
                elements.replaced(tag::RETRIEVE_AE_TITLE, *b"AE", ours)
            }
            Ok(_) => identifier,
            // What we cannot read we cannot vouch for.
            Err(_) => {
                query.withheld = query.withheld.saturating_add(1);
                return Ok(());
            }
        };
        let response = query.answer_to_asker(response);
        self.link.queue_command(query.context_id, &response);
        self.link
            .queue_data(query.context_id, identifier.into(), true);
        self.link.write_now();
        query.passed = query.passed.saturating_add(1);
        if self.link.queued_bytes() > self.gateway.config.limits.relay_buffer_bytes_max {
            self.link.flush().await?;
        }
        Ok(())
    }

    fn end_query(&mut self, query: &Query, response: &CommandSet, status: Status) -> Status {
        if query.capped {
            let refusal = refused(Status::FIND_OUT_OF_RESOURCES, "more matches than the limit");
            self.respond(query.context_id, &query.request, &refusal);
            return refusal.status;
        }
        let mut response = query.answer_to_asker(response);
        response.set_has_data_set(false);
        self.link.queue_command(query.context_id, &response);
        status
    }
}

/// Who was lost during a query.
enum Lost {
    Asker(Ended),
    Archive(Ended),
}

impl Query {
    /// The identifier with the keys that judging a match needs: who the patient is, and which
    /// study. An archive returns what it was asked for and no more.
    fn with_keys(&self, identifier: Vec<u8>) -> Vec<u8> {
        if self.judge.is_none() {
            return identifier;
        }
        let keys: [(Tag, [u8; 2]); 3] = [
            (tag::PATIENT_ID, *b"LO"),
            (tag::ISSUER_OF_PATIENT_ID, *b"LO"),
            (tag::STUDY_INSTANCE_UID, *b"UI"),
        ];
        let mut identifier = identifier;
        for (tag, vr) in keys {
            if self.level == Some(Level::Patient) && tag == tag::STUDY_INSTANCE_UID {
                continue;
            }
            if let Ok(elements) = Elements::parse(&identifier, self.encoding)
                && !elements.has(tag)
            {
                identifier = elements.replaced(tag, vr, b"");
            }
        }
        identifier
    }

    fn cancel(&self) -> CommandSet {
        let mut cancel = CommandSet::new(CommandField::CCancelRq);
        cancel.set_u16(element::MESSAGE_ID_RESPONDED_TO, self.upstream_id);
        cancel
    }

    /// The archive's response under the asker's Message ID.
    fn answer_to_asker(&self, response: &CommandSet) -> CommandSet {
        let mut response = response.clone();
        let message_id = self.request.message_id().unwrap_or(0);
        response.set_u16(element::MESSAGE_ID_RESPONDED_TO, message_id);
        response
    }
}

/// Query/Retrieve Level of an identifier: `None` when it cannot be read or lacks a level that it
/// needs (status A900H); a worklist query has none.
fn level(identifier: &[u8], encoding: Encoding, model: Model) -> Option<Option<Level>> {
    let elements = Elements::parse(identifier, encoding).ok()?;
    match model {
        Model::Worklist => Some(None),
        Model::PatientRoot | Model::StudyRoot => {
            let level = Level::parse(&elements.text(tag::QUERY_RETRIEVE_LEVEL)?)?;
            Some(Some(level))
        }
    }
}
