//! The state machine of PS3.8 §9.2: Table 9-10, total and pure.

use super::pdu::Abort;

/// States of Tables 9-1 to 9-5.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Idle.
    Sta1,
    /// Transport connection open, awaiting A-ASSOCIATE-RQ.
    Sta2,
    /// Awaiting our user's answer to an A-ASSOCIATE-RQ.
    Sta3,
    /// Awaiting the transport connection that we opened.
    Sta4,
    /// Awaiting A-ASSOCIATE-AC or -RJ.
    Sta5,
    /// Association established, ready for data.
    Sta6,
    /// Awaiting A-RELEASE-RP.
    Sta7,
    /// Awaiting our user's answer to an A-RELEASE-RQ.
    Sta8,
    /// Release collision, requestor's side: awaiting our user's answer.
    Sta9,
    /// Release collision, acceptor's side: awaiting A-RELEASE-RP.
    Sta10,
    /// Release collision, requestor's side: awaiting A-RELEASE-RP.
    Sta11,
    /// Release collision, acceptor's side: awaiting our user's answer.
    Sta12,
    /// Association over, awaiting the close of the transport connection.
    Sta13,
}

/// Events of Table 9-10.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// Evt1: our user requests an association.
    AssociateRequest,
    /// Evt2: the transport connection that we opened stands.
    TransportConfirm,
    /// Evt3: A-ASSOCIATE-AC received.
    AssociateAcPdu,
    /// Evt4: A-ASSOCIATE-RJ received.
    AssociateRjPdu,
    /// Evt5: a peer connected.
    TransportIndication,
    /// Evt6: A-ASSOCIATE-RQ received.
    AssociateRqPdu,
    /// Evt7: our user accepts the association.
    AssociateAcceptResponse,
    /// Evt8: our user rejects the association.
    AssociateRejectResponse,
    /// Evt9: our user sends data.
    DataRequest,
    /// Evt10: P-DATA-TF received.
    DataPdu,
    /// Evt11: our user requests release.
    ReleaseRequest,
    /// Evt12: A-RELEASE-RQ received; should it collide with ours, we are the association's
    /// requestor.
    ReleaseRqPdu,
    /// Evt12: A-RELEASE-RQ received; should it collide with ours, we are the association's
    /// acceptor. Table 9-10 leaves this distinction to action AR-8.
    ReleaseRqPduAsAcceptor,
    /// Evt13: A-RELEASE-RP received.
    ReleaseRpPdu,
    /// Evt14: our user answers a release.
    ReleaseResponse,
    /// Evt15: our user aborts.
    AbortRequest,
    /// Evt16: A-ABORT received.
    AbortPdu,
    /// Evt17: the transport connection was closed.
    TransportClosed,
    /// Evt18: the ARTIM timer ran out.
    ArtimExpired,
    /// Evt19: an unrecognised or invalid PDU received.
    InvalidPdu,
}

/// What the owner of the socket does, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Open the transport connection.
    OpenTransport,
    /// Take the transport connection that was opened to us.
    AcceptTransport,
    /// Close the transport connection.
    CloseTransport,
    /// Send A-ASSOCIATE-RQ.
    SendAssociateRq,
    /// Send A-ASSOCIATE-AC.
    SendAssociateAc,
    /// Send A-ASSOCIATE-RJ.
    SendAssociateRj,
    /// Send P-DATA-TF.
    SendData,
    /// Send A-RELEASE-RQ.
    SendReleaseRq,
    /// Send A-RELEASE-RP.
    SendReleaseRp,
    /// Send this A-ABORT. For an invalid PDU the framer's error names the reason more exactly.
    SendAbort(Abort),
    /// Tell our user that an association is requested.
    IndicateAssociate,
    /// Tell our user that its association stands.
    ConfirmAccept,
    /// Tell our user that its association was rejected.
    ConfirmReject,
    /// Hand the data to our user.
    IndicateData,
    /// Tell our user that the peer wants to release.
    IndicateRelease,
    /// Tell our user that the association is released.
    ConfirmRelease,
    /// Tell our user that the peer aborted: A-ABORT or A-P-ABORT, as the PDU's source says.
    IndicateAbort,
    /// Tell our user that the association is gone (A-P-ABORT).
    IndicateProviderAbort,
    /// Start the ARTIM timer, or start it anew (PS3.8 §9.1.5).
    StartArtim,
    /// Stop the ARTIM timer, if it runs.
    StopArtim,
}

/// A cell of Table 9-10: next state and actions; `None` where the table is empty.
type Cell = Option<(State, &'static [Action])>;

/// The event cannot happen in this state.
const NONE: Cell = None;

// Table 9-6: establishment.
const AE_1: Cell = Some((State::Sta4, &[Action::OpenTransport]));
const AE_2: Cell = Some((State::Sta5, &[Action::SendAssociateRq]));
const AE_3: Cell = Some((State::Sta6, &[Action::ConfirmAccept]));
const AE_4: Cell = Some((
    State::Sta1,
    &[Action::ConfirmReject, Action::CloseTransport],
));
const AE_5: Cell = Some((State::Sta2, &[Action::AcceptTransport, Action::StartArtim]));
/// A request that the provider itself refuses takes this way too, and AE-8 at once after it.
const AE_6: Cell = Some((State::Sta3, &[Action::StopArtim, Action::IndicateAssociate]));
const AE_7: Cell = Some((State::Sta6, &[Action::SendAssociateAc]));
const AE_8: Cell = Some((State::Sta13, &[Action::SendAssociateRj, Action::StartArtim]));
// Table 9-7: data.
const DT_1: Cell = Some((State::Sta6, &[Action::SendData]));
const DT_2: Cell = Some((State::Sta6, &[Action::IndicateData]));
// Table 9-8: release.
const AR_1: Cell = Some((State::Sta7, &[Action::SendReleaseRq]));
const AR_2: Cell = Some((State::Sta8, &[Action::IndicateRelease]));
const AR_3: Cell = Some((
    State::Sta1,
    &[Action::ConfirmRelease, Action::CloseTransport],
));
const AR_4: Cell = Some((State::Sta13, &[Action::SendReleaseRp, Action::StartArtim]));
const AR_5: Cell = Some((State::Sta1, &[Action::StopArtim]));
const AR_6: Cell = Some((State::Sta7, &[Action::IndicateData]));
const AR_7: Cell = Some((State::Sta8, &[Action::SendData]));
/// AR-8 of the association's requestor.
const AR8R: Cell = Some((State::Sta9, &[Action::IndicateRelease]));
/// AR-8 of the association's acceptor.
const AR8A: Cell = Some((State::Sta10, &[Action::IndicateRelease]));
const AR_9: Cell = Some((State::Sta11, &[Action::SendReleaseRp]));
const AR10: Cell = Some((State::Sta12, &[Action::ConfirmRelease]));
// Table 9-9: abort.
const AA_1: Cell = Some((
    State::Sta13,
    &[Action::SendAbort(Abort::BY_USER), Action::StartArtim],
));
const AA_2: Cell = Some((State::Sta1, &[Action::StopArtim, Action::CloseTransport]));
const AA_3: Cell = Some((
    State::Sta1,
    &[Action::IndicateAbort, Action::CloseTransport],
));
const AA_4: Cell = Some((State::Sta1, &[Action::IndicateProviderAbort]));
const AA_5: Cell = Some((State::Sta1, &[Action::StopArtim]));
const AA_6: Cell = Some((State::Sta13, &[]));
/// AA-7 on a PDU that is not expected.
const AA_7: Cell = Some((State::Sta13, &[Action::SendAbort(Abort::UNEXPECTED_PDU)]));
/// AA-7 on a PDU that is none.
const AA7I: Cell = Some((State::Sta13, &[Action::SendAbort(Abort::UNRECOGNISED_PDU)]));
/// AA-8 on a PDU that is not expected.
const AA_8: Cell = Some((
    State::Sta13,
    &[
        Action::SendAbort(Abort::UNEXPECTED_PDU),
        Action::IndicateProviderAbort,
        Action::StartArtim,
    ],
));
/// AA-8 on a PDU that is none.
const AA8I: Cell = Some((
    State::Sta13,
    &[
        Action::SendAbort(Abort::UNRECOGNISED_PDU),
        Action::IndicateProviderAbort,
        Action::StartArtim,
    ],
));

/// The next state, and what to do on the way there. Where Table 9-10 is empty, because the event
/// cannot happen in that state, nothing changes.
pub const fn step(state: State, event: Event) -> (State, &'static [Action]) {
    let [s1, s2, s3, s4, s5, s6, s7, s8, s9, s10, s11, s12, s13] = row(event);
    let cell = match state {
        State::Sta1 => s1,
        State::Sta2 => s2,
        State::Sta3 => s3,
        State::Sta4 => s4,
        State::Sta5 => s5,
        State::Sta6 => s6,
        State::Sta7 => s7,
        State::Sta8 => s8,
        State::Sta9 => s9,
        State::Sta10 => s10,
        State::Sta11 => s11,
        State::Sta12 => s12,
        State::Sta13 => s13,
    };
    match cell {
        Some(transition) => transition,
        None => (state, &[]),
    }
}

/// A row of Table 9-10, one cell per state.
#[rustfmt::skip]
const fn row(event: Event) -> [Cell; 13] {
    match event {
        //                                  Sta1  Sta2  Sta3  Sta4  Sta5  Sta6  Sta7  Sta8  Sta9  Sta10 Sta11 Sta12 Sta13
        Event::AssociateRequest         => [AE_1, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE],
        Event::TransportConfirm         => [NONE, NONE, NONE, AE_2, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE],
        Event::AssociateAcPdu           => [NONE, AA_1, AA_8, NONE, AE_3, AA_8, AA_8, AA_8, AA_8, AA_8, AA_8, AA_8, AA_6],
        Event::AssociateRjPdu           => [NONE, AA_1, AA_8, NONE, AE_4, AA_8, AA_8, AA_8, AA_8, AA_8, AA_8, AA_8, AA_6],
        Event::TransportIndication      => [AE_5, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE],
        Event::AssociateRqPdu           => [NONE, AE_6, AA_8, NONE, AA_8, AA_8, AA_8, AA_8, AA_8, AA_8, AA_8, AA_8, AA_7],
        Event::AssociateAcceptResponse  => [NONE, NONE, AE_7, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE],
        Event::AssociateRejectResponse  => [NONE, NONE, AE_8, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE],
        Event::DataRequest              => [NONE, NONE, NONE, NONE, NONE, DT_1, NONE, AR_7, NONE, NONE, NONE, NONE, NONE],
        Event::DataPdu                  => [NONE, AA_1, AA_8, NONE, AA_8, DT_2, AR_6, AA_8, AA_8, AA_8, AA_8, AA_8, AA_6],
        Event::ReleaseRequest           => [NONE, NONE, NONE, NONE, NONE, AR_1, NONE, NONE, NONE, NONE, NONE, NONE, NONE],
        Event::ReleaseRqPdu             => [NONE, AA_1, AA_8, NONE, AA_8, AR_2, AR8R, AA_8, AA_8, AA_8, AA_8, AA_8, AA_6],
        Event::ReleaseRqPduAsAcceptor   => [NONE, AA_1, AA_8, NONE, AA_8, AR_2, AR8A, AA_8, AA_8, AA_8, AA_8, AA_8, AA_6],
        Event::ReleaseRpPdu             => [NONE, AA_1, AA_8, NONE, AA_8, AA_8, AR_3, AA_8, AA_8, AR10, AR_3, AA_8, AA_6],
        Event::ReleaseResponse          => [NONE, NONE, NONE, NONE, NONE, NONE, NONE, AR_4, AR_9, NONE, NONE, AR_4, NONE],
        Event::AbortRequest             => [NONE, NONE, AA_1, AA_2, AA_1, AA_1, AA_1, AA_1, AA_1, AA_1, AA_1, AA_1, NONE],
        Event::AbortPdu                 => [NONE, AA_2, AA_3, NONE, AA_3, AA_3, AA_3, AA_3, AA_3, AA_3, AA_3, AA_3, AA_2],
        Event::TransportClosed          => [NONE, AA_5, AA_4, AA_4, AA_4, AA_4, AA_4, AA_4, AA_4, AA_4, AA_4, AA_4, AR_5],
        Event::ArtimExpired             => [NONE, AA_2, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, AA_2],
        Event::InvalidPdu               => [NONE, AA_1, AA8I, NONE, AA8I, AA8I, AA8I, AA8I, AA8I, AA8I, AA8I, AA8I, AA7I],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATES: [State; 13] = [
        State::Sta1,
        State::Sta2,
        State::Sta3,
        State::Sta4,
        State::Sta5,
        State::Sta6,
        State::Sta7,
        State::Sta8,
        State::Sta9,
        State::Sta10,
        State::Sta11,
        State::Sta12,
        State::Sta13,
    ];

    /// Table 9-10 as it is printed, one line per event, one word per state.
    const PRINTED: [(Event, &str); 20] = [
        (Event::AssociateRequest, "AE-1 - - - - - - - - - - - -"),
        (Event::TransportConfirm, "- - - AE-2 - - - - - - - - -"),
        (
            Event::AssociateAcPdu,
            "- AA-1 AA-8 - AE-3 AA-8 AA-8 AA-8 AA-8 AA-8 AA-8 AA-8 AA-6",
        ),
        (
            Event::AssociateRjPdu,
            "- AA-1 AA-8 - AE-4 AA-8 AA-8 AA-8 AA-8 AA-8 AA-8 AA-8 AA-6",
        ),
        (Event::TransportIndication, "AE-5 - - - - - - - - - - - -"),
        (
            Event::AssociateRqPdu,
            "- AE-6 AA-8 - AA-8 AA-8 AA-8 AA-8 AA-8 AA-8 AA-8 AA-8 AA-7",
        ),
        (
            Event::AssociateAcceptResponse,
            "- - AE-7 - - - - - - - - - -",
        ),
        (
            Event::AssociateRejectResponse,
            "- - AE-8 - - - - - - - - - -",
        ),
        (Event::DataRequest, "- - - - - DT-1 - AR-7 - - - - -"),
        (
            Event::DataPdu,
            "- AA-1 AA-8 - AA-8 DT-2 AR-6 AA-8 AA-8 AA-8 AA-8 AA-8 AA-6",
        ),
        (Event::ReleaseRequest, "- - - - - AR-1 - - - - - - -"),
        (
            Event::ReleaseRqPdu,
            "- AA-1 AA-8 - AA-8 AR-2 AR-8-requestor AA-8 AA-8 AA-8 AA-8 AA-8 AA-6",
        ),
        (
            Event::ReleaseRqPduAsAcceptor,
            "- AA-1 AA-8 - AA-8 AR-2 AR-8-acceptor AA-8 AA-8 AA-8 AA-8 AA-8 AA-6",
        ),
        (
            Event::ReleaseRpPdu,
            "- AA-1 AA-8 - AA-8 AA-8 AR-3 AA-8 AA-8 AR-10 AR-3 AA-8 AA-6",
        ),
        (Event::ReleaseResponse, "- - - - - - - AR-4 AR-9 - - AR-4 -"),
        (
            Event::AbortRequest,
            "- - AA-1 AA-2 AA-1 AA-1 AA-1 AA-1 AA-1 AA-1 AA-1 AA-1 -",
        ),
        (
            Event::AbortPdu,
            "- AA-2 AA-3 - AA-3 AA-3 AA-3 AA-3 AA-3 AA-3 AA-3 AA-3 AA-2",
        ),
        (
            Event::TransportClosed,
            "- AA-5 AA-4 AA-4 AA-4 AA-4 AA-4 AA-4 AA-4 AA-4 AA-4 AA-4 AR-5",
        ),
        (Event::ArtimExpired, "- AA-2 - - - - - - - - - - AA-2"),
        (
            Event::InvalidPdu,
            "- AA-1 AA-8 - AA-8 AA-8 AA-8 AA-8 AA-8 AA-8 AA-8 AA-8 AA-7",
        ),
    ];

    /// Tables 9-6 to 9-9: what an action does and where it leads. `blame` is what the provider
    /// says in an abort.
    fn action(name: &str, blame: Abort) -> (State, Vec<Action>) {
        use Action::*;
        match name {
            "AE-1" => (State::Sta4, vec![OpenTransport]),
            "AE-2" => (State::Sta5, vec![SendAssociateRq]),
            "AE-3" => (State::Sta6, vec![ConfirmAccept]),
            "AE-4" => (State::Sta1, vec![ConfirmReject, CloseTransport]),
            "AE-5" => (State::Sta2, vec![AcceptTransport, StartArtim]),
            "AE-6" => (State::Sta3, vec![StopArtim, IndicateAssociate]),
            "AE-7" => (State::Sta6, vec![SendAssociateAc]),
            "AE-8" => (State::Sta13, vec![SendAssociateRj, StartArtim]),
            "DT-1" => (State::Sta6, vec![SendData]),
            "DT-2" => (State::Sta6, vec![IndicateData]),
            "AR-1" => (State::Sta7, vec![SendReleaseRq]),
            "AR-2" => (State::Sta8, vec![IndicateRelease]),
            "AR-3" => (State::Sta1, vec![ConfirmRelease, CloseTransport]),
            "AR-4" => (State::Sta13, vec![SendReleaseRp, StartArtim]),
            "AR-5" | "AA-5" => (State::Sta1, vec![StopArtim]),
            "AR-6" => (State::Sta7, vec![IndicateData]),
            "AR-7" => (State::Sta8, vec![SendData]),
            "AR-8-requestor" => (State::Sta9, vec![IndicateRelease]),
            "AR-8-acceptor" => (State::Sta10, vec![IndicateRelease]),
            "AR-9" => (State::Sta11, vec![SendReleaseRp]),
            "AR-10" => (State::Sta12, vec![ConfirmRelease]),
            "AA-1" => (State::Sta13, vec![SendAbort(Abort::BY_USER), StartArtim]),
            "AA-2" => (State::Sta1, vec![StopArtim, CloseTransport]),
            "AA-3" => (State::Sta1, vec![IndicateAbort, CloseTransport]),
            "AA-4" => (State::Sta1, vec![IndicateProviderAbort]),
            "AA-6" => (State::Sta13, vec![]),
            "AA-7" => (State::Sta13, vec![SendAbort(blame)]),
            "AA-8" => (
                State::Sta13,
                vec![SendAbort(blame), IndicateProviderAbort, StartArtim],
            ),
            other => panic!("{other}"),
        }
    }

    #[test]
    fn every_cell_of_table_9_10_is_as_printed() {
        for (event, line) in PRINTED {
            let cells: Vec<&str> = line.split(' ').collect();
            assert_eq!(cells.len(), STATES.len(), "{event:?}");
            let blame = if event == Event::InvalidPdu {
                Abort::UNRECOGNISED_PDU
            } else {
                Abort::UNEXPECTED_PDU
            };
            for (state, cell) in STATES.into_iter().zip(cells) {
                let (next, actions) = step(state, event);
                let printed = match cell {
                    "-" => (state, vec![]),
                    name => action(name, blame),
                };
                assert_eq!((next, actions.to_vec()), printed, "{state:?} {event:?}");
            }
        }
    }

    fn walk(from: State, steps: &[(Event, State)]) {
        let mut state = from;
        for (event, expected) in steps {
            state = step(state, *event).0;
            assert_eq!(state, *expected, "after {event:?}");
        }
    }

    #[test]
    fn an_association_is_requested_used_and_released() {
        walk(
            State::Sta1,
            &[
                (Event::AssociateRequest, State::Sta4),
                (Event::TransportConfirm, State::Sta5),
                (Event::AssociateAcPdu, State::Sta6),
                (Event::DataRequest, State::Sta6),
                (Event::DataPdu, State::Sta6),
                (Event::ReleaseRequest, State::Sta7),
                (Event::DataPdu, State::Sta7),
                (Event::ReleaseRpPdu, State::Sta1),
            ],
        );
    }

    #[test]
    fn an_association_is_accepted_used_and_released_by_the_peer() {
        walk(
            State::Sta1,
            &[
                (Event::TransportIndication, State::Sta2),
                (Event::AssociateRqPdu, State::Sta3),
                (Event::AssociateAcceptResponse, State::Sta6),
                (Event::ReleaseRqPduAsAcceptor, State::Sta8),
                (Event::DataRequest, State::Sta8),
                (Event::ReleaseResponse, State::Sta13),
                (Event::TransportClosed, State::Sta1),
            ],
        );
    }

    #[test]
    fn a_release_collision_ends_on_both_sides() {
        // The requestor answers first (PS3.8 §7.2.2.7).
        walk(
            State::Sta6,
            &[
                (Event::ReleaseRequest, State::Sta7),
                (Event::ReleaseRqPdu, State::Sta9),
                (Event::ReleaseResponse, State::Sta11),
                (Event::ReleaseRpPdu, State::Sta1),
            ],
        );
        walk(
            State::Sta6,
            &[
                (Event::ReleaseRequest, State::Sta7),
                (Event::ReleaseRqPduAsAcceptor, State::Sta10),
                (Event::ReleaseRpPdu, State::Sta12),
                (Event::ReleaseResponse, State::Sta13),
                (Event::TransportClosed, State::Sta1),
            ],
        );
    }

    #[test]
    fn a_rejected_peer_that_stays_is_closed_by_artim() {
        walk(
            State::Sta2,
            &[
                (Event::AssociateRqPdu, State::Sta3),
                (Event::AssociateRejectResponse, State::Sta13),
                (Event::DataPdu, State::Sta13),
                (Event::ArtimExpired, State::Sta1),
            ],
        );
    }

    #[test]
    fn an_abort_ends_every_association() {
        for state in STATES {
            let after = step(state, Event::AbortPdu).0;
            let no_peer = matches!(state, State::Sta1 | State::Sta4);
            assert_eq!(after, if no_peer { state } else { State::Sta1 });
        }
    }
}
