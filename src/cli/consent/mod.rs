//! `credence consent`

mod import;
mod named;
mod terms;

use std::io;
use std::io::Write;

use clap::Args;
use clap::Subcommand;

use crate::cli::Exit;
use crate::cli::desk::Desk;
use crate::cli::desk::Speaker;
use crate::cli::desk::joined;
use crate::cli::desk::unexpected;
use crate::contract::ConsentId;
use crate::contract::Effect;
use crate::contract::Giver;
use crate::contract::Grantees;
use crate::contract::InstitutionSlug;
use crate::gateway::control::Answer;
use crate::gateway::control::Change;
use crate::gateway::control::Command;
use crate::gateway::control::ListedConsent;
use crate::gateway::control::PatientName;

pub use import::Import;
pub use terms::Deny;
pub use terms::Grant;
pub use terms::Terms;

/// Grant, deny, import, revoke and list consents of patients
///
/// Reaches a running gateway through its data folder, and works on the folder itself when none
/// runs.
#[derive(Debug, Subcommand)]
pub enum Consent {
    /// Record that a patient permits institutions to receive images
    ///
    /// Prints the number of the consent, which revoke takes. Whatever is not named is not restricted:
    /// without --modality, images of every modality are meant.
    Grant(Grant),
    /// Record that a patient objects: institutions may not receive images
    ///
    /// A denial outweighs every grant. Prints its number, which revoke takes. Whatever is not named is
    /// not restricted: without --to no other institution may receive, without --purpose for no purpose.
    Deny(Deny),
    /// Record what Consent resources of HL7 FHIR R4 say
    ///
    /// All of the files, or nothing: whatever cannot be expressed or is not understood is told with its
    /// FHIR path, why, and what to do.
    Import(Import),
    /// Record that a consent or a denial no longer holds
    Revoke(Revoke),
    /// Record that an institution answered a revocation: what it got is deleted or no longer used
    ///
    /// Answered within revocation_days of credit.toml, it counts for the institution. One that does not
    /// honour a revocation is reported: credence incident report.
    Honoured(Honoured),
    /// List the consents and denials that hold
    List(List),
}

/// Arguments of `credence consent revoke`.
#[derive(Args, Debug)]
pub struct Revoke {
    /// The number of the consent, as grant and list print it
    #[arg(value_name = "CONSENT")]
    pub consent: u64,
    /// Where
    #[command(flatten)]
    pub desk: Desk,
    /// Who
    #[command(flatten)]
    pub speaker: Speaker,
}

/// Arguments of `credence consent honoured`.
#[derive(Args, Debug)]
pub struct Honoured {
    /// The number of the revocation's entry, as revoke prints it
    #[arg(value_name = "REVOCATION")]
    pub revocation: u64,
    /// The institution that answered
    #[arg(long, value_name = "INSTITUTION")]
    pub institution: InstitutionSlug,
    /// Where
    #[command(flatten)]
    pub desk: Desk,
    /// Who
    #[command(flatten)]
    pub speaker: Speaker,
}

/// Arguments of `credence consent list`.
#[derive(Args, Debug)]
pub struct List {
    /// Only those of this Patient ID (0010,0020), and of whom it was merged with
    #[arg(long, value_name = "ID")]
    pub patient: Option<String>,
    /// The Issuer of Patient ID (0010,0021)
    #[arg(long, value_name = "ISSUER", requires = "patient")]
    pub issuer: Option<String>,
    /// Where
    #[command(flatten)]
    pub desk: Desk,
}

/// Performs the command and writes the outcome to `out`.
///
/// # Errors
/// When `out` cannot be written, or a running gateway does not answer.
pub fn run(arguments: &Consent, out: &mut dyn Write) -> io::Result<Exit> {
    match arguments {
        Consent::Grant(grant) => grant.terms.record(out, grant.change(), "consent"),
        Consent::Deny(deny) => deny.terms.record(out, deny.change(), "denial"),
        Consent::Import(import) => import::run(import, out),
        Consent::Revoke(revoke) => {
            let consent = ConsentId(revoke.consent);
            let change = Change::ConsentRevoke { consent };
            revoke.desk.record(out, change, revoke.speaker.name())
        }
        Consent::Honoured(honoured) => {
            let change = Change::RevocationHonoured {
                revocation: honoured.revocation,
                institution: honoured.institution.clone(),
            };
            honoured.desk.record(out, change, honoured.speaker.name())
        }
        Consent::List(list) => {
            let patient = list.patient.as_ref().map(|id| PatientName {
                id: id.clone(),
                issuer: list.issuer.clone().unwrap_or_default(),
            });
            let command = Command::Consents { patient };
            list.desk.ask(out, command, |out, answer| match answer {
                Answer::Consents { consents } => {
                    consents.iter().try_for_each(|consent| print(out, consent))
                }
                other => Err(unexpected(other)),
            })
        }
    }
}

fn print(out: &mut dyn Write, listed: &ListedConsent) -> io::Result<()> {
    let terms = &listed.terms;
    let effect = match terms.effect {
        Effect::Grant => "grants",
        Effect::Deny => "denies",
    };
    let to = match &terms.grantees {
        Grantees::Any => "any institution".to_owned(),
        Grantees::Named(names) => joined(names),
    };
    let until = terms
        .valid_until
        .map_or_else(|| "revoked".to_owned(), |until| until.to_string());
    let by = match terms.given_by {
        Giver::Patient => "",
        Giver::Guardian => " by a guardian",
    };
    writeln!(
        out,
        "{}  patient {}{by} {effect} {to} {} until {until}",
        listed.consent,
        terms.patient,
        joined(&terms.purposes),
    )
}
