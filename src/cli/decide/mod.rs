//! `credence decide`

mod telling;

use std::io;
use std::io::Write;

use clap::Args;

use crate::cli::Exit;
use crate::cli::configured;
use crate::cli::desk::Desk;
use crate::cli::desk::Patient;
use crate::cli::desk::day;
use crate::cli::desk::moment;
use crate::cli::desk::unexpected;
use crate::config::Config;
use crate::contract::InstitutionSlug;
use crate::contract::Purpose;
use crate::contract::User;
use crate::contract::UserProof;
use crate::contract::Verb;
use crate::dicom::AeTitle;
use crate::dicom::Uid;
use crate::gateway::control::Answer;
use crate::gateway::control::Command;
use crate::gateway::control::Question;
use crate::time::Day;
use crate::time::UtcMicros;

/// Ask what the contract would answer, and why
///
/// Nobody gets anything, and nothing is recorded. Tells the verdict; with --explain also
/// the rules that decided, the facts that they saw, each consent and objection of the patient and
/// whether it speaks of the request, and, for a refusal, what would make it a permit.
///
/// With --at in the past it asks the rules, consents and scores of that moment, as the ledger holds
/// them.
///
/// Reaches a running gateway through its data folder, and works on the folder itself when none
/// runs. Exits with 0 when there was an answer, be it a permit or a refusal: a script reads --json,
/// where decision.verdict is "permit" or "deny".
#[derive(Args, Debug)]
pub struct Decide {
    /// The institution that asks
    #[arg(long, value_name = "INSTITUTION")]
    pub requester: InstitutionSlug,
    /// The institution that is to receive
    #[arg(long, value_name = "INSTITUTION")]
    pub recipient: InstitutionSlug,
    /// Whose images
    #[command(flatten)]
    pub patient: Patient,
    /// The purpose of use: TREATMENT, EMERGENCY, PATIENT_REQUEST, RESEARCH, OPERATIONS or PAYMENT
    #[arg(long, value_name = "PURPOSE")]
    pub purpose: Purpose,
    /// What is to be done: store (C-STORE), query (a match of a C-FIND passed on) or retrieve
    /// (C-MOVE, C-GET)
    #[arg(long, value_name = "VERB", default_value = "retrieve", value_parser = verb)]
    pub verb: Verb,
    /// The institution that holds the images and answers for them; if absent, the requester of a
    /// store, for who sends images holds them, and else your own
    #[arg(long, value_name = "INSTITUTION")]
    pub custodian: Option<InstitutionSlug>,
    /// The requester's AE title; that of its first peer in the configuration, if absent
    #[arg(long, value_name = "AE")]
    pub requester_ae: Option<AeTitle>,
    /// The recipient's AE title; that of its first peer in the configuration, if absent
    #[arg(long, value_name = "AE")]
    pub recipient_ae: Option<AeTitle>,
    /// The Study Instance UID (0020,000D); without one, consents for one study do not speak of it
    #[arg(long, value_name = "UID")]
    pub study: Option<Uid>,
    /// A modality of the study, as CT; may be given several times
    #[arg(long, value_name = "MODALITY")]
    pub modality: Vec<String>,
    /// The day of the study
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = day)]
    pub study_date: Option<Day>,
    /// The person who asks
    #[arg(long, value_name = "NAME")]
    pub user: Option<String>,
    /// What proves the person: none, passcode or token
    #[arg(long, value_name = "PROOF", requires = "user", value_parser = proof, default_value = "none")]
    pub user_proof: UserProof,
    /// As if every hop were encrypted and the requester's certificate verified
    #[arg(long)]
    pub tls: bool,
    /// At this moment: a day, or a time in UTC as 2026-01-31T12:00:00Z; now, if absent
    #[arg(long, value_name = "TIME", value_parser = moment)]
    pub at: Option<UtcMicros>,
    /// Tell all that the answer rests on
    #[arg(long)]
    pub explain: bool,
    /// Where
    #[command(flatten)]
    pub desk: Desk,
}

fn verb(text: &str) -> Result<Verb, String> {
    match text {
        "store" => Ok(Verb::Store),
        "query" => Ok(Verb::Query),
        "retrieve" => Ok(Verb::Retrieve),
        _ => Err("a verb is store, query or retrieve".to_owned()),
    }
}

fn proof(text: &str) -> Result<UserProof, String> {
    let mut all = UserProof::ALL.into_iter();
    let named = all.find(|proof| proof.as_str() == text);
    named.ok_or_else(|| "a proof is none, passcode or token".to_owned())
}

/// Performs the command and writes the outcome to `out`.
///
/// # Errors
/// When `out` cannot be written, or a running gateway does not answer.
pub fn run(arguments: &Decide, out: &mut dyn Write) -> io::Result<Exit> {
    let config = match configured(&arguments.desk.config) {
        Ok(config) => config,
        Err(exit) => return Ok(exit),
    };
    let question = match arguments.question(&config) {
        Ok(question) => Box::new(question),
        Err(unknown) => {
            writeln!(io::stderr(), "credence: {unknown}")?;
            return Ok(Exit::Usage);
        }
    };
    let command = Command::Decide { question };
    let desk = &arguments.desk;
    desk.ask(out, command, |out, answer| match answer {
        Answer::Explained { explanation } if arguments.explain => {
            telling::explain(out, &config, explanation)
        }
        Answer::Explained { explanation } => telling::verdict(out, &explanation.decision),
        other => Err(unexpected(other)),
    })
}

/// An institution of which the configuration knows no AE title.
#[derive(Debug, thiserror::Error)]
#[error("the configuration has no peer of {institution}: correct the name, or give {option}")]
struct NoPeer {
    institution: InstitutionSlug,
    option: &'static str,
}

impl Decide {
    fn question(&self, config: &Config) -> Result<Question, NoPeer> {
        let (requester, recipient) = (&self.requester, &self.recipient);
        let sender = (self.verb == Verb::Store).then(|| requester.clone());
        let (from, to) = (self.requester_ae.as_ref(), self.recipient_ae.as_ref());
        Ok(Question {
            verb: self.verb,
            purpose: self.purpose,
            requester: requester.clone(),
            requester_ae: ae_title(config, requester, from, "--requester-ae")?,
            user: self.user.clone().map(|name| User {
                name,
                proof: self.user_proof,
            }),
            custodian: self.custodian.clone().or(sender),
            recipient: recipient.clone(),
            recipient_ae: ae_title(config, recipient, to, "--recipient-ae")?,
            patient: Some(self.patient.name()),
            study: self.study.as_ref().map(ToString::to_string),
            modalities: self.modality.iter().cloned().collect(),
            study_date: self.study_date,
            tls: self.tls,
            at: self.at,
        })
    }
}

/// The AE title that was given, else that of the institution's first peer.
fn ae_title(
    config: &Config,
    institution: &InstitutionSlug,
    given: Option<&AeTitle>,
    option: &'static str,
) -> Result<AeTitle, NoPeer> {
    let mut peers = config.peers.iter();
    let first = peers.find(|peer| peer.institution == *institution);
    let title = given.or_else(|| first.map(|peer| &peer.ae_title));
    title.cloned().ok_or_else(|| NoPeer {
        institution: institution.clone(),
        option,
    })
}
