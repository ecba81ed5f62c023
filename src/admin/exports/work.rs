//! The making of an export: as `credence audit export` makes it, with the same signature and the same entry.

use std::path::PathBuf;
use std::pin::pin;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::runtime::Handle;

use super::Made;
use super::NotMade;
use super::Progress;
use super::Wanted;
use crate::admin::caller::Caller;
use crate::admin::console::Shared;
use crate::admin::jobs;
use crate::audit;
use crate::audit::AuditError;
use crate::audit::Order;
use crate::audit::Signed;
use crate::audit::Stop;
use crate::gateway::control::Answer;
use crate::gateway::control::Command;
use crate::storage;
use crate::storage::Keyring;
use crate::storage::Keys;
use crate::storage::Packing;

/// Between two looks at the disk.
const LOOK: Duration = Duration::from_millis(500);
/// So many bytes are left free on the ledger's disk in any case: an export is not to stop the ledger.
const FREE_BYTES_MIN: u64 = 1 << 30;

/// One that is being made.
pub(super) struct Making {
    pub(super) console: Shared,
    pub(super) caller: Caller,
    pub(super) wanted: Wanted,
    pub(super) out: PathBuf,
    pub(super) progress: Progress,
    pub(super) stop: Stop,
}

impl Making {
    /// Makes it.
    pub(super) async fn perform(self) -> Result<Made, NotMade> {
        // The newest entries, too, are to be told.
        match self.console.perform(Command::Checkpoint).await {
            Answer::CheckpointSigned { .. } => {}
            Answer::Refused { reason } => return Err(NotMade::Because(reason)),
            _ => return Err(NotMade::Because("no checkpoint was signed".to_owned())),
        }
        let no_room = || NotMade::Because(format!("less than {FREE_BYTES_MIN} bytes are free"));
        let data_dir = self.console.config.gateway.data_dir.clone();
        let is_low = || storage::free_bytes(&data_dir).is_ok_and(|free| free < FREE_BYTES_MIN);
        if is_low() {
            return Err(no_room());
        }
        let (handle, stop) = (Handle::current(), self.stop.clone());
        let mut making = pin!(jobs::apart("export", move || self.make(&handle)));
        let mut ran_out = false;
        loop {
            tokio::select! {
                made = &mut making => {
                    let made = made.unwrap_or_else(|why| Err(NotMade::Because(why)));
                    return match made {
                        Err(NotMade::Stopped) if ran_out => Err(no_room()),
                        made => made,
                    };
                }
                () = tokio::time::sleep(LOOK) => {
                    if is_low() {
                        ran_out = true;
                        stop.set();
                    }
                }
            }
        }
    }

    fn make(self, handle: &Handle) -> Result<Made, NotMade> {
        let because = |error: String| NotMade::Because(error);
        let data_dir = &self.console.config.gateway.data_dir;
        let keyring = match self.wanted.identified {
            true => Some(self.keyring().map_err(because)?),
            false => None,
        };
        let order = Order {
            data_dir: data_dir.clone(),
            filter: self.wanted.filter.clone(),
            formats: self.wanted.formats.clone(),
            site: self.console.site.clone(),
            clock: self.wanted.clock.clone(),
            by: self.caller.name.clone(),
            made: self.console.clock.now(),
            stop: self.stop.clone(),
        };
        let mut tell = |done: u64, of: u64| {
            self.progress.done.store(done, Ordering::Relaxed);
            self.progress.of.store(of, Ordering::Relaxed);
        };
        let sign = |manifest: &str| handle.block_on(self.signed(manifest));
        let exported = audit::export(&order, &self.out, keyring, &mut tell, sign);
        match exported {
            Ok(exported) => {
                let packing = Packing::of(&self.out, "audit");
                let packing = packing.map_err(|error| because(error.to_string()))?;
                let of = self.progress.of.load(Ordering::Relaxed);
                self.progress.done.store(of, Ordering::Relaxed);
                Ok(Made {
                    records: exported.manifest.records,
                    entry: exported.entry,
                    bytes: packing.bytes(),
                })
            }
            Err(AuditError::Stopped) => Err(NotMade::Stopped),
            Err(error) => Err(because(error.to_string())),
        }
    }

    /// What opens sealed details.
    fn keyring(&self) -> Result<Keyring, String> {
        let gateway = &self.console.config.gateway;
        let keys = Keys::open(&gateway.keys_dir, &gateway.data_dir, &gateway.institution);
        let keys = keys.map_err(|error| error.to_string())?;
        Keyring::read(&gateway.data_dir, &keys).map_err(|error| error.to_string())
    }

    /// Has the gateway record and sign a manifest.
    async fn signed(&self, manifest: &str) -> Result<Signed, String> {
        let command = Command::SignAudit {
            manifest: manifest.to_owned(),
            by: self.caller.name.clone(),
        };
        match self.console.perform(command).await {
            Answer::AuditSigned {
                entry,
                key,
                signature,
            } => Ok(Signed {
                entry,
                key: key.parse().map_err(|_| "no key of a ledger".to_owned())?,
                signature,
            }),
            Answer::Refused { reason } => Err(reason),
            _ => Err("it was not signed".to_owned()),
        }
    }
}
