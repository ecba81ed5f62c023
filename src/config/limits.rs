//! Limits and timers: everything that a peer could make large or slow has one, by name.

use std::time::Duration;

use crate::config::reading::Section;

/// `[limits]`: sizes and counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Associations of one peer at the same time.
    pub associations_per_peer_max: usize,
    /// Length of an A-ASSOCIATE-RQ or -AC PDU, in bytes.
    pub associate_bytes_max: u32,
    /// Maximum length of P-DATA-TF PDUs that we announce and send, in bytes (PS3.8 §D.1).
    pub pdu_bytes_max: u32,
    /// Length of a command set, in bytes.
    pub command_bytes_max: usize,
    /// Bytes of a data set that are held until its Study Instance UID is seen.
    pub head_bytes_max: usize,
    /// Length of the identifier of a query or retrieval, in bytes.
    pub identifier_bytes_max: usize,
    /// Matches of one C-FIND.
    pub matches_max: usize,
    /// Storage commitments that are under way at the same time.
    pub commitments_max: usize,
    /// Permits that one association holds at the same time.
    pub permits_per_association_max: usize,
    /// Requests that wait for the recorder.
    pub recorder_queue_max: usize,
    /// Addresses and reasons of refused connections of which the ledger is told one by one at the
    /// same time; of all others together.
    pub refused_addresses_max: usize,
    /// Bytes that one association holds between its sender and a slower receiver.
    pub relay_buffer_bytes_max: usize,
    /// Studies of one C-MOVE or C-GET.
    pub studies_per_retrieve_max: usize,
}

/// `[timeouts]`: how long we wait.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// ARTIM timer: from connection to A-ASSOCIATE-RQ, and from our last PDU to the peer's
    /// closing of the connection (PS3.8 §9.1.5).
    pub artim: Duration,
    /// Silence of a peer on its association to us, while it has no request open; long, as
    /// modalities hold associations for hours.
    pub idle: Duration,
    /// From a DIMSE request of ours to its response, and from one response to the next.
    pub dimse_response: Duration,
    /// From opening a connection to the A-ASSOCIATE-AC; below 5 s, so that a sender hears within
    /// 5 s that its destination is down.
    pub connect: Duration,
    /// Silence of a PACS within a C-MOVE or C-GET of ours; recalls from tape take minutes.
    pub move_silence: Duration,
    /// Between Pending responses to a C-MOVE or C-GET while the PACS is silent.
    pub pending_interval: Duration,
    /// Between two alerts about refused connections of one address for one reason.
    pub refused_alert: Duration,
    /// How long a storage commitment is waited for, and its asker tried to be told.
    pub commitment: Duration,
    /// From SIGTERM until associations still open are aborted.
    pub drain: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            associations_per_peer_max: 64,
            associate_bytes_max: 65_536,
            pdu_bytes_max: 131_072,
            command_bytes_max: 65_536,
            head_bytes_max: 1_048_576,
            identifier_bytes_max: 1_048_576,
            matches_max: 10_000,
            commitments_max: 1_000,
            permits_per_association_max: 1_024,
            recorder_queue_max: 1_024,
            refused_addresses_max: 32,
            relay_buffer_bytes_max: 1_048_576,
            studies_per_retrieve_max: 1_000,
        }
    }
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            artim: Duration::from_secs(30),
            idle: Duration::from_secs(14_400),
            dimse_response: Duration::from_secs(300),
            connect: Duration::from_secs(4),
            move_silence: Duration::from_secs(1_800),
            pending_interval: Duration::from_secs(5),
            refused_alert: Duration::from_secs(60),
            commitment: Duration::from_secs(604_800),
            drain: Duration::from_secs(30),
        }
    }
}

impl Limits {
    pub(super) fn read(section: &mut Section<'_, '_>) -> Self {
        let default = Self::default();
        Self {
            associations_per_peer_max: section.number(
                "associations_per_peer_max",
                default.associations_per_peer_max,
                1..=4_096,
            ),
            associate_bytes_max: section.number(
                "associate_bytes_max",
                default.associate_bytes_max,
                16_384..=1_048_576,
            ),
            pdu_bytes_max: section.number(
                "pdu_bytes_max",
                default.pdu_bytes_max,
                4_096..=1_048_576,
            ),
            command_bytes_max: section.number(
                "command_bytes_max",
                default.command_bytes_max,
                1_024..=1_048_576,
            ),
            head_bytes_max: section.number(
                "head_bytes_max",
                default.head_bytes_max,
                65_536..=16_777_216,
            ),
            identifier_bytes_max: section.number(
                "identifier_bytes_max",
                default.identifier_bytes_max,
                4_096..=16_777_216,
            ),
            matches_max: section.number("matches_max", default.matches_max, 1..=1_000_000),
            commitments_max: section.number(
                "commitments_max",
                default.commitments_max,
                1..=100_000,
            ),
            permits_per_association_max: section.number(
                "permits_per_association_max",
                default.permits_per_association_max,
                1..=65_536,
            ),
            recorder_queue_max: section.number(
                "recorder_queue_max",
                default.recorder_queue_max,
                1..=65_536,
            ),
            refused_addresses_max: section.number(
                "refused_addresses_max",
                default.refused_addresses_max,
                1..=4_096,
            ),
            relay_buffer_bytes_max: section.number(
                "relay_buffer_bytes_max",
                default.relay_buffer_bytes_max,
                65_536..=67_108_864,
            ),
            studies_per_retrieve_max: section.number(
                "studies_per_retrieve_max",
                default.studies_per_retrieve_max,
                1..=100_000,
            ),
        }
    }
}

/// Longest wait that can be configured, in seconds: one day.
pub(super) const WAIT_MAX_S: u64 = 86_400;

/// Longest `connect_s`: with it, a destination that is down is answered for within 5 s.
pub(super) const CONNECT_MAX_S: u64 = 4;

impl Timeouts {
    pub(super) fn read(section: &mut Section<'_, '_>) -> Self {
        let default = Self::default();
        Self {
            artim: section.seconds("artim_s", default.artim, 1..=300),
            idle: section.seconds("idle_s", default.idle, 1..=WAIT_MAX_S),
            dimse_response: section.seconds(
                "dimse_response_s",
                default.dimse_response,
                1..=WAIT_MAX_S,
            ),
            connect: section.seconds("connect_s", default.connect, 1..=CONNECT_MAX_S),
            move_silence: section.seconds("move_silence_s", default.move_silence, 1..=WAIT_MAX_S),
            pending_interval: section.seconds(
                "pending_interval_s",
                default.pending_interval,
                1..=60,
            ),
            refused_alert: section.seconds("refused_alert_s", default.refused_alert, 1..=3_600),
            commitment: section.seconds("commitment_s", default.commitment, 1..=31_536_000),
            drain: section.seconds("drain_s", default.drain, 1..=3_600),
        }
    }
}
