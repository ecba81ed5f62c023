//! `credence demo`

mod cheat;
mod hospital;
mod hospitals;
mod stage;

use std::io;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;

use clap::Args;

use crate::cli::Exit;
use crate::config::Config;
use crate::contract::Body;
use crate::contract::ConsentId;
use crate::contract::Effect;
use crate::contract::Giver;
use crate::contract::Verb;
use crate::contract::Verdict;
use crate::demo;
use crate::demo::Grant;
use crate::demo::Judged;
use crate::demo::Site;
use crate::demo::SiteResult;
use crate::demo::Verification;
use crate::gateway;
use crate::gateway::Running;
use crate::gateway::control::Answer;
use crate::gateway::control::Change;
use crate::gateway::control::Command;
use crate::gateway::control::ConsentTerms;
use crate::gateway::control::PatientName;
use crate::storage;
use crate::storage::Depth;
use crate::storage::JournalReader;
use crate::storage::VerifyError;

/// See it work: a stand-in PACS, the gateway and a workstation on this machine
///
/// Takes under 20 seconds, uses free loopback ports and a fresh folder, and needs nothing else.
#[derive(Args, Debug)]
pub struct Demo {
    /// Keep configuration, ledger, export and images in this folder; must not exist
    #[arg(long, value_name = "DIR")]
    pub keep: Option<PathBuf>,
    /// Two hospitals, each with its gateway: consent at the source, receipts that both sign, a cheat
    #[arg(long)]
    pub hospitals: bool,
}

/// Tells the story on `out`.
///
/// # Errors
/// When the runtime cannot be set up, or standard error not be written.
pub fn run(arguments: &Demo, out: &mut dyn Write) -> io::Result<Exit> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let keep = arguments.keep.as_deref();
    let told = match arguments.hospitals {
        true => runtime.block_on(hospitals::run(keep, out)),
        false => runtime.block_on(demo::run(&mut House::default(), keep, out)),
    };
    match told {
        Ok(()) => Ok(Exit::Success),
        Err(error) => {
            writeln!(
                io::stderr(),
                "credence: the demo did not end as told: {error}"
            )?;
            Ok(Exit::Failure)
        }
    }
}

/// The gateway of the demo, in this process.
#[derive(Default)]
struct House {
    running: Option<Running>,
    data_dir: PathBuf,
}

/// What the patient desk takes down; the number is that of its ledger entry.
async fn change(running: &Running, change: Change) -> SiteResult<u64> {
    let by = "patient desk".to_owned();
    match running.perform(Command::Change { change, by }).await {
        Answer::Recorded { entry } => Ok(entry),
        Answer::Refused { reason } => Err(reason.into()),
        _ => Err("an answer to another question".into()),
    }
}

/// A consent.
fn granting(grant: &Grant) -> SiteResult<Change> {
    let terms = Box::new(ConsentTerms {
        patient: PatientName {
            id: grant.patient.to_owned(),
            issuer: grant.issuer.to_owned(),
        },
        effect: Effect::Grant,
        to: vec![grant.to.parse()?],
        purposes: vec![grant.purpose.parse()?],
        modalities: Vec::new(),
        study: None,
        study_from: None,
        study_until: None,
        valid_from: None,
        valid_until: None,
        given_by: Giver::Patient,
    });
    Ok(Change::ConsentGrant { terms })
}

/// The end of a consent.
const fn revoking(consent: u64) -> Change {
    Change::ConsentRevoke {
        consent: ConsentId(consent),
    }
}

impl House {
    fn running(&self) -> SiteResult<&Running> {
        Ok(self.running.as_ref().ok_or("the gateway does not run")?)
    }
}

impl Site for House {
    async fn start(&mut self, config: &Path) -> SiteResult<()> {
        let config = Config::load(config).map_err(|faults| faults.to_string())?;
        self.data_dir.clone_from(&config.gateway.data_dir);
        self.running = Some(gateway::start(config).await?);
        Ok(())
    }

    async fn grant(&mut self, grant: &Grant) -> SiteResult<u64> {
        change(self.running()?, granting(grant)?).await
    }

    async fn revoke(&mut self, consent: u64) -> SiteResult<u64> {
        change(self.running()?, revoking(consent)).await
    }

    async fn judged(&mut self) -> SiteResult<Vec<Judged>> {
        let mut judged = Vec::new();
        for stored in JournalReader::new(&self.data_dir).entries(0) {
            let entry = stored?.entry;
            if let Body::Decision { request, decision } = entry.event.body {
                let permitted = decision.verdict == Verdict::Permit;
                judged.push(Judged {
                    entry: entry.seq,
                    verb: verb(request.verb).to_owned(),
                    permitted,
                    reason: if permitted {
                        decision.reasons.join(", ")
                    } else {
                        decision.short_reason
                    },
                });
            }
        }
        Ok(judged)
    }

    async fn stop(&mut self) -> SiteResult<()> {
        match self.running.take() {
            Some(running) => Ok(running.drain().await?),
            None => Ok(()),
        }
    }

    fn export(&mut self, folder: &Path) -> SiteResult<()> {
        storage::export(&self.data_dir, folder, &storage::ExportForm::default())?;
        Ok(())
    }

    fn verify(&mut self, folder: &Path) -> SiteResult<Verification> {
        match storage::verify(folder, None, Depth::Replay) {
            Ok(report) => Ok(Verification::Whole {
                entries: report.verified.chain.next_seq(),
            }),
            Err(VerifyError::Damaged(damage)) => Ok(Verification::Damaged {
                entry: damage.entry,
                harm: damage.harm.to_string(),
            }),
            Err(error) => Err(error.into()),
        }
    }
}

const fn verb(verb: Verb) -> &'static str {
    match verb {
        Verb::Store => "store",
        Verb::Query => "query",
        Verb::Retrieve => "retrieve",
    }
}
