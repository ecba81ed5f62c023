//! `credence queue`

use std::io;
use std::io::Write;

use clap::Args;
use clap::Subcommand;
use clap::ValueEnum;

use crate::cli::Exit;
use crate::cli::columns;
use crate::cli::desk::Desk;
use crate::cli::desk::Speaker;
use crate::cli::desk::unexpected;
use crate::contract::QueueAct;
use crate::gateway::control::Answer;
use crate::gateway::control::Command;
use crate::gateway::control::ListedAmount;
use crate::gateway::control::ListedObject;
use crate::gateway::control::ListedQueue;
use crate::gateway::control::ListedStudy;
use crate::gateway::control::PatientName;
use crate::gateway::control::QueueChange;
use crate::gateway::control::QueuePlace;
use crate::gateway::control::Selection;
use crate::time::UtcMicros;

/// List and change what waits in the spool for destinations
///
/// There is one queue for each destination, named as its peer. An instance that was tried as often
/// as it may be is a dead letter; one that the contract denies when it is to leave lies in quarantine.
/// Neither is lost: retry, release or drop them.
///
/// Reaches a running gateway through its data folder, and works on the folder itself when none
/// runs. What changes a queue is recorded in the ledger before it is done.
#[derive(Debug, Subcommand)]
pub enum Queue {
    /// List the queues, or what lies in one
    List(List),
    /// Deliver nothing from a queue until it is resumed; what is on its way arrives
    Pause(Whole),
    /// Deliver from a queue again
    Resume(Whole),
    /// Try dead letters again, and at once what waits for another try
    Retry(Retry),
    /// Put what lies in quarantine to the contract again; it is delivered if that permits it now
    Release(Release),
    /// Delete instances that were not delivered: their senders may have deleted theirs
    Drop(Discard),
}

/// Arguments of `credence queue list`.
#[derive(Args, Debug)]
pub struct List {
    /// List what lies in this queue, by study
    #[arg(value_name = "QUEUE")]
    pub queue: Option<String>,
    /// List the instances one by one
    #[arg(long, requires = "queue")]
    pub objects: bool,
    /// Where
    #[command(flatten)]
    pub desk: Desk,
}

/// Arguments of `credence queue pause` and `resume`.
#[derive(Args, Debug)]
pub struct Whole {
    /// The queue
    #[arg(value_name = "QUEUE")]
    pub queue: String,
    /// Why; kept in the ledger, no patient data
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub reason: String,
    /// Where
    #[command(flatten)]
    pub desk: Desk,
    /// Who
    #[command(flatten)]
    pub speaker: Speaker,
}

/// Which instances.
#[derive(Args, Debug)]
pub struct Which {
    /// The instance of this number, as list --objects prints it
    #[arg(long, value_name = "NUMBER")]
    pub object: Option<u64>,
    /// Those of the study whose digest, as list prints it, begins so: 8 characters or more
    #[arg(long, value_name = "DIGEST")]
    pub study: Option<String>,
    /// Those of this Patient ID (0010,0020)
    #[arg(long, value_name = "ID")]
    pub patient: Option<String>,
    /// The Issuer of Patient ID (0010,0021)
    #[arg(long, value_name = "ISSUER", requires = "patient")]
    pub issuer: Option<String>,
}

/// Arguments of `credence queue retry`.
#[derive(Args, Debug)]
pub struct Retry {
    /// The queue
    #[arg(value_name = "QUEUE")]
    pub queue: String,
    /// All, unless told which
    #[command(flatten)]
    pub which: Which,
    /// Why; kept in the ledger, no patient data
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub reason: String,
    /// Where
    #[command(flatten)]
    pub desk: Desk,
    /// Who
    #[command(flatten)]
    pub speaker: Speaker,
}

/// Arguments of `credence queue release`.
#[derive(Args, Debug)]
#[command(group(clap::ArgGroup::new("meant").required(true).multiple(true).args(["object", "study", "patient", "all"])))]
pub struct Release {
    /// The queue
    #[arg(value_name = "QUEUE")]
    pub queue: String,
    /// Which
    #[command(flatten)]
    pub which: Which,
    /// All of them
    #[arg(long, conflicts_with_all = ["object", "study", "patient"])]
    pub all: bool,
    /// Why; kept in the ledger, no patient data
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
    /// Where
    #[command(flatten)]
    pub desk: Desk,
    /// Who
    #[command(flatten)]
    pub speaker: Speaker,
}

/// Arguments of `credence queue drop`.
#[derive(Args, Debug)]
#[command(group(clap::ArgGroup::new("meant").required(true).multiple(true).args(["object", "study", "patient", "all"])))]
pub struct Discard {
    /// The queue
    #[arg(value_name = "QUEUE")]
    pub queue: String,
    /// Which
    #[command(flatten)]
    pub which: Which,
    /// All of them
    #[arg(long, conflicts_with_all = ["object", "study", "patient"])]
    pub all: bool,
    /// Only those that lie there; if absent, and no single instance is named, dead letters and those
    /// in quarantine
    #[arg(long, value_name = "PLACE", value_enum)]
    pub place: Option<Place>,
    /// Why; kept in the ledger, no patient data
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
    /// Where
    #[command(flatten)]
    pub desk: Desk,
    /// Who
    #[command(flatten)]
    pub speaker: Speaker,
}

/// Where in a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Place {
    /// To be delivered
    Waiting,
    /// Tried as often as may be
    Dead,
    /// Denied by the contract when it was to leave
    Quarantined,
    /// Delivered, and kept until the destination has committed to keep it
    Delivered,
}

impl From<Place> for QueuePlace {
    fn from(place: Place) -> Self {
        match place {
            Place::Waiting => Self::Waiting,
            Place::Dead => Self::Dead,
            Place::Quarantined => Self::Quarantined,
            Place::Delivered => Self::Delivered,
        }
    }
}

impl Which {
    fn selection(&self, place: Option<Place>) -> Selection {
        Selection {
            object: self.object,
            study: self.study.clone(),
            patient: self.patient.as_ref().map(|id| PatientName {
                id: id.clone(),
                issuer: self.issuer.clone().unwrap_or_default(),
            }),
            place: place.map(QueuePlace::from),
        }
    }
}

/// Performs the command and writes the outcome to `out`.
///
/// # Errors
/// When `out` cannot be written, or a running gateway does not answer.
pub fn run(arguments: &Queue, out: &mut dyn Write) -> io::Result<Exit> {
    match arguments {
        Queue::List(list) => run_list(list, out),
        Queue::Pause(whole) => run_whole(whole, QueueAct::Paused, out),
        Queue::Resume(whole) => run_whole(whole, QueueAct::Resumed, out),
        Queue::Retry(retry) => {
            let only = retry.which.selection(None);
            let change = change(&retry.queue, QueueAct::Retried, only, &retry.reason);
            record(&retry.desk, out, change, &retry.speaker)
        }
        Queue::Release(release) => {
            let only = release.which.selection(None);
            let change = change(&release.queue, QueueAct::Released, only, &release.reason);
            record(&release.desk, out, change, &release.speaker)
        }
        Queue::Drop(drop) => {
            let only = drop.which.selection(drop.place);
            let change = change(&drop.queue, QueueAct::Dropped, only, &drop.reason);
            record(&drop.desk, out, change, &drop.speaker)
        }
    }
}

fn run_list(list: &List, out: &mut dyn Write) -> io::Result<Exit> {
    let command = match &list.queue {
        Some(queue) => Command::Queue {
            queue: queue.clone(),
            one_by_one: list.objects,
        },
        None => Command::Queues,
    };
    list.desk.ask(out, command, |out, answer| match answer {
        Answer::Queues { queues } => print_queues(out, queues),
        Answer::Queue {
            studies,
            objects,
            more,
        } => {
            if list.objects {
                print_objects(out, objects)?;
            } else {
                print_studies(out, studies)?;
            }
            if *more > 0 {
                writeln!(out, "and {more} more")?;
            }
            Ok(())
        }
        other => Err(unexpected(other)),
    })
}

fn run_whole(whole: &Whole, act: QueueAct, out: &mut dyn Write) -> io::Result<Exit> {
    let change = change(&whole.queue, act, Selection::default(), &whole.reason);
    record(&whole.desk, out, change, &whole.speaker)
}

fn change(queue: &str, act: QueueAct, only: Selection, reason: &str) -> QueueChange {
    QueueChange {
        queue: queue.to_owned(),
        act,
        only,
        reason: reason.to_owned(),
    }
}

fn record(
    desk: &Desk,
    out: &mut dyn Write,
    change: QueueChange,
    speaker: &Speaker,
) -> io::Result<Exit> {
    let (act, by) = (change.act, speaker.name());
    let command = Command::QueueChange { change, by };
    desk.ask(out, command, |out, answer| match answer {
        Answer::QueueChanged { objects, entries } => {
            let entries: Vec<String> = entries.iter().map(u64::to_string).collect();
            let noun = if *objects == 1 {
                "instance"
            } else {
                "instances"
            };
            let entries = entries.join(", ");
            writeln!(out, "{}: {objects} {noun}, entry {entries}", act.as_str())
        }
        other => Err(unexpected(other)),
    })
}

fn print_queues(out: &mut dyn Write, queues: &[ListedQueue]) -> io::Result<()> {
    if queues.is_empty() {
        return writeln!(out, "no destination has a queue");
    }
    let rows: Vec<_> = queues.iter().map(queue_row).collect();
    let headings = [
        "queue",
        "state",
        "waiting",
        "bytes",
        "rate",
        "oldest",
        "next try",
        "expected end",
        "dead",
        "quarantined",
        "uncommitted",
    ];
    columns::print(out, headings, &rows)
}

fn queue_row(listed: &ListedQueue) -> [String; 11] {
    let waits = listed.waiting.objects > 0;
    let rate = format!("{}/s", bytes(listed.bytes_per_second));
    [
        listed.queue.clone(),
        listed.state.as_str().to_owned(),
        listed.waiting.objects.to_string(),
        bytes(listed.waiting.bytes),
        if waits { rate } else { String::new() },
        moment(listed.oldest),
        moment(listed.next_try),
        moment(listed.expected_end),
        objects(listed.dead),
        objects(listed.quarantined),
        objects(listed.uncommitted),
    ]
}

fn print_studies(out: &mut dyn Write, studies: &[ListedStudy]) -> io::Result<()> {
    if studies.is_empty() {
        return writeln!(out, "nothing lies in this queue");
    }
    let row = |listed: &ListedStudy| {
        [
            listed.place.as_str().to_owned(),
            listed
                .study
                .as_ref()
                .map(ToString::to_string)
                .unwrap_or_default(),
            listed
                .patient
                .as_ref()
                .map(ToString::to_string)
                .unwrap_or_default(),
            listed.amount.objects.to_string(),
            bytes(listed.amount.bytes),
            moment(listed.oldest),
            listed.reason.clone().unwrap_or_default(),
        ]
    };
    let rows: Vec<_> = studies.iter().map(row).collect();
    let headings = [
        "place",
        "study",
        "patient",
        "instances",
        "bytes",
        "oldest",
        "reason",
    ];
    columns::print(out, headings, &rows)
}

fn print_objects(out: &mut dyn Write, objects: &[ListedObject]) -> io::Result<()> {
    if objects.is_empty() {
        return writeln!(out, "nothing lies in this queue");
    }
    let row = |listed: &ListedObject| {
        let study = listed.study.as_ref().map(ToString::to_string);
        let status = listed.status.map(|status| format!("{status:04X}H"));
        [
            listed.object.to_string(),
            listed.place.as_str().to_owned(),
            study.unwrap_or_default(),
            bytes(listed.bytes),
            moment(listed.received),
            listed.failure.clone().unwrap_or_default(),
            status.unwrap_or_default(),
            listed
                .tries
                .filter(|tries| *tries > 0)
                .map(|tries| tries.to_string())
                .unwrap_or_default(),
            listed.reason.clone().unwrap_or_default(),
        ]
    };
    let rows: Vec<_> = objects.iter().map(row).collect();
    let headings = [
        "instance", "place", "study", "bytes", "received", "class", "status", "tries", "reason",
    ];
    columns::print(out, headings, &rows)
}

fn objects(amount: ListedAmount) -> String {
    amount.objects.to_string()
}

fn moment(at: Option<UtcMicros>) -> String {
    at.map(UtcMicros::compact).unwrap_or_default()
}

/// Bytes in the unit that keeps three digits or fewer before the point.
fn bytes(count: u64) -> String {
    const UNITS: [&str; 5] = ["B", "kB", "MB", "GB", "TB"];
    let (mut whole, mut tenth, mut unit) = (count, 0, 0);
    while whole >= 1_000 && unit + 1 < UNITS.len() {
        tenth = whole % 1_000 / 100;
        whole /= 1_000;
        unit += 1;
    }
    let name = UNITS.get(unit).unwrap_or(&"B");
    if unit == 0 {
        return format!("{whole} {name}");
    }
    format!("{whole}.{tenth} {name}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_told_in_a_unit_that_can_be_read() {
        let table = [
            (0, "0 B"),
            (999, "999 B"),
            (1_000, "1.0 kB"),
            (524_288, "524.2 kB"),
            (1_999_999, "1.9 MB"),
            (64 << 30, "68.7 GB"),
            (u64::MAX, "18446744.0 TB"),
        ];
        for (count, expected) in table {
            assert_eq!(bytes(count), expected);
        }
    }
}
