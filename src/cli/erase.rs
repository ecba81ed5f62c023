//! `credence erase`

use std::io;
use std::io::Write;

use clap::Args;

use crate::cli::Exit;
use crate::cli::desk::Accountable;
use crate::cli::desk::Desk;
use crate::cli::desk::Patient;
use crate::contract::ErasureReason;
use crate::gateway::control::Change;

/// Forget a patient: destroy the key under which the patient's details are sealed
///
/// The ledger's lines stay, and with them every proof: they know the patient by a random pseudonym
/// only. The keyring's row that leads from the Patient ID to the pseudonym is taken away, and with
/// it the key of everything that is sealed; all other rows are written anew under a new wrapping key,
/// so that older backups of the keyring cannot be opened any more either. It is final: nobody can
/// bring it back. Whoever keeps a copy of wrapping.key elsewhere replaces it now, and makes a new
/// backup.
///
/// A person who was merged from several Patient IDs is forgotten under all of them. Consents and
/// objections of the person end. If the person comes again, the gateway meets them as somebody new;
/// but a study that is sent again bears the same keyed digest as before, so erase the images, too.
///
/// Refused while a hold stands on the patient or on everybody; the hold is named. Recorded also when
/// the disk is full; the key is then destroyed as soon as there is room, and the answer says so.
///
/// Reaches a running gateway through its data folder, and works on the folder itself when none
/// runs.
#[derive(Args, Debug)]
pub struct Erase {
    /// Who
    #[command(flatten)]
    pub patient: Patient,
    /// Why: no-longer-necessary, consent-withdrawn, objection, unlawful or legal-obligation (the
    /// grounds of Article 17(1) GDPR), or recorded-in-error
    #[arg(long, value_name = "CODE")]
    pub reason: ErasureReason,
    /// Where
    #[command(flatten)]
    pub desk: Desk,
    /// Who
    #[command(flatten)]
    pub speaker: Accountable,
}

/// Performs the command and writes the outcome to `out`.
///
/// # Errors
/// When `out` cannot be written, or a running gateway does not answer.
pub fn run(arguments: &Erase, out: &mut dyn Write) -> io::Result<Exit> {
    let change = Change::PatientErase {
        patient: arguments.patient.name(),
        reason: arguments.reason,
    };
    let by = arguments.speaker.name();
    arguments.desk.record(out, change, by)
}
