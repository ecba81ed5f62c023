//! `credence review`

use std::io;
use std::io::Write;

use clap::Args;
use clap::Subcommand;

use crate::cli::Exit;
use crate::cli::columns;
use crate::cli::desk::Accountable;
use crate::cli::desk::Desk;
use crate::cli::desk::unexpected;
use crate::gateway::control::Answer;
use crate::gateway::control::Change;
use crate::gateway::control::Command;
use crate::gateway::control::ListedReview;

/// List the accesses that must be accounted for, give reasons, and close reviews
///
/// A permit can oblige its requester to a review; every emergency access (break-glass) does. The
/// first access of an AE title to a patient for a purpose opens one, and those that follow belong
/// to it until it is due (review_hours of credit.toml; 24 as delivered). A review has two steps:
/// whoever made the access says why, then somebody else finds that justified or not. One that is
/// not closed in time, or found unjustified, costs the requester's institution credit, once.
/// Nothing is charged to your own institution: it keeps no score of itself.
///
/// Reaches a running gateway through its data folder, and works on the folder itself when none
/// runs.
#[derive(Debug, Subcommand)]
pub enum Review {
    /// List the reviews that wait, the next to be due first
    ///
    /// Patients are shown by pseudonym, reasons not at all: only whether one was given.
    List(List),
    /// Say why an access was made
    ///
    /// The text is sealed under the patient's key: it stands neither in the public part of the
    /// ledger nor in any list. --by names
    /// who gives the reason, be it by telephone: who made the access, or who answers for it. A later
    /// reason does not replace an earlier one; both stay, and both names.
    Reason(Reason),
    /// Find an access justified or unjustified, and so end its review
    ///
    /// Needs a reason first. Who gave the last reason cannot find it justified: that takes a second
    /// person, best one who took no part in the access (a privacy officer). To find one's own access
    /// unjustified needs nobody else. A wrong finding is not edited: what it charged is taken back
    /// with credence incident reverse.
    Close(Close),
}

/// Arguments of `credence review list`.
#[derive(Args, Debug)]
pub struct List {
    /// Where
    #[command(flatten)]
    pub desk: Desk,
}

/// Arguments of `credence review reason`.
#[derive(Args, Debug)]
pub struct Reason {
    /// The number of the decision under review, as list prints it
    #[arg(value_name = "DECISION")]
    pub review: u64,
    /// Why: 1 to 2000 characters
    #[arg(long, value_name = "TEXT")]
    pub text: String,
    /// Where
    #[command(flatten)]
    pub desk: Desk,
    /// Who
    #[command(flatten)]
    pub speaker: Accountable,
}

/// Arguments of `credence review close`.
#[derive(Args, Debug)]
pub struct Close {
    /// The number of the decision under review, as list prints it
    #[arg(value_name = "DECISION")]
    pub review: u64,
    /// What was found
    #[command(flatten)]
    pub finding: Finding,
    /// Where
    #[command(flatten)]
    pub desk: Desk,
    /// Who
    #[command(flatten)]
    pub speaker: Accountable,
}

/// Exactly one of the two.
#[derive(Args, Debug)]
#[group(required = true, multiple = false)]
pub struct Finding {
    /// The access was right; it costs nothing, unless the review is late already
    #[arg(long)]
    pub justified: bool,
    /// The access was wrong; it costs the requester's institution credit
    #[arg(long)]
    pub unjustified: bool,
}

/// Performs the command and writes the outcome to `out`.
///
/// # Errors
/// When `out` cannot be written, or a running gateway does not answer.
pub fn run(arguments: &Review, out: &mut dyn Write) -> io::Result<Exit> {
    match arguments {
        Review::List(list) => list
            .desk
            .ask(out, Command::Reviews, |out, answer| match answer {
                Answer::Reviews { reviews } => print(out, reviews),
                other => Err(unexpected(other)),
            }),
        Review::Reason(reason) => {
            let change = Change::ReviewReason {
                review: reason.review,
                reason: reason.text.clone(),
            };
            reason.desk.record(out, change, reason.speaker.name())
        }
        Review::Close(close) => {
            let change = Change::ReviewClose {
                review: close.review,
                justified: close.finding.justified,
            };
            close.desk.record(out, change, close.speaker.name())
        }
    }
}

fn print(out: &mut dyn Write, reviews: &[ListedReview]) -> io::Result<()> {
    if reviews.is_empty() {
        return writeln!(out, "no review waits");
    }
    let rows: Vec<_> = reviews.iter().map(row).collect();
    columns::print(
        out,
        [
            "decision",
            "due",
            "overdue",
            "institution",
            "AE title",
            "purpose",
            "patient",
            "reason",
        ],
        &rows,
    )
}

fn row(listed: &ListedReview) -> [String; 8] {
    let review = &listed.review;
    let patient = review.patient.as_ref();
    [
        listed.decision.to_string(),
        review.due.to_string(),
        if review.overdue { "yes" } else { "no" }.to_owned(),
        review.institution.to_string(),
        review.ae.to_string(),
        review.purpose.to_string(),
        patient.map_or_else(|| "none".to_owned(), ToString::to_string),
        if review.reason.is_some() {
            "given"
        } else {
            "not given"
        }
        .to_owned(),
    ]
}
