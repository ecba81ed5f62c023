//! The command line: arguments in, calls to the other rooms, an exit code out.
//!
//! What a script would read goes to standard output, all else to standard error.

pub mod audit;
pub mod backup;
pub mod bypass;
pub mod check_config;
mod columns;
pub mod consent;
pub mod decide;
pub mod demo;
pub mod desk;
pub mod disclosures;
pub mod echo;
pub mod erase;
pub mod hold;
pub mod incident;
pub mod keys;
pub mod ledger;
pub mod link;
mod neighbours;
pub mod parcel;
pub mod patient;
pub mod policy;
pub mod queue;
pub mod report;
pub mod restore;
pub mod retention;
pub mod review;
pub mod score;
pub mod serve;
pub mod since;
pub mod telling;
pub mod trace;
pub mod user;
mod wording;

use std::io;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use clap::Parser;
use clap::Subcommand;

use crate::cli::audit::Audit;
use crate::cli::backup::Backup;
use crate::cli::bypass::Bypass;
use crate::cli::check_config::CheckConfig;
use crate::cli::consent::Consent;
use crate::cli::decide::Decide;
use crate::cli::demo::Demo;
use crate::cli::disclosures::Disclosures;
use crate::cli::echo::Echo;
use crate::cli::erase::Erase;
use crate::cli::hold::Hold;
use crate::cli::incident::Incident;
use crate::cli::keys::Keys;
use crate::cli::ledger::Ledger;
use crate::cli::link::Link;
use crate::cli::parcel::Parcel;
use crate::cli::patient::Patient;
use crate::cli::policy::Policy;
use crate::cli::queue::Queue;
use crate::cli::report::Report;
use crate::cli::restore::Restore;
use crate::cli::retention::Retention;
use crate::cli::review::Review;
use crate::cli::score::Score;
use crate::cli::serve::Serve;
use crate::cli::trace::Trace;
use crate::cli::user::User;
use crate::config::Config;

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Done, or verified.
    Success,
    /// Failed, or not verified.
    Failure,
    /// The command line or the configuration is wrong.
    Usage,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        match exit {
            Exit::Success => Self::SUCCESS,
            Exit::Failure => Self::FAILURE,
            Exit::Usage => Self::from(2),
        }
    }
}

/// Says on standard error why a command fails.
fn refuse(reason: &dyn std::fmt::Display) -> io::Result<Exit> {
    writeln!(io::stderr(), "credence: {reason}")?;
    Ok(Exit::Failure)
}

/// A DICOM gateway that puts every image transfer to a contract and keeps a signed ledger of what
/// followed.
#[derive(Debug, Parser)]
#[command(
    name = "credence",
    version,
    arg_required_else_help = true,
    max_term_width = 100,
    after_help = "Exit codes: 0 done or verified, 1 failed or not verified, 2 wrong usage or \
                  configuration."
)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

/// What is to be done.
#[derive(Debug, Subcommand)]
enum Command {
    Serve(Serve),
    CheckConfig(CheckConfig),
    Echo(Echo),
    Decide(Decide),
    #[command(subcommand)]
    Consent(Consent),
    #[command(subcommand)]
    Patient(Patient),
    #[command(subcommand)]
    Review(Review),
    #[command(subcommand)]
    Incident(Incident),
    #[command(subcommand)]
    Policy(Policy),
    #[command(subcommand)]
    Keys(Keys),
    #[command(subcommand)]
    Queue(Queue),
    #[command(subcommand)]
    Parcel(Parcel),
    #[command(subcommand)]
    Ledger(Ledger),
    #[command(subcommand)]
    Audit(Audit),
    #[command(subcommand)]
    Link(Link),
    #[command(subcommand)]
    Report(Report),
    #[command(subcommand)]
    Score(Score),
    Disclosures(Disclosures),
    Trace(Trace),
    Erase(Erase),
    #[command(subcommand)]
    Hold(Hold),
    #[command(subcommand)]
    Retention(Retention),
    #[command(subcommand)]
    User(User),
    #[command(subcommand)]
    Bypass(Bypass),
    Backup(Backup),
    Restore(Restore),
    Demo(Demo),
}

/// The configuration in `file`, or what to exit with; its faults have then been told.
fn configured(file: &Path) -> Result<Config, Exit> {
    Config::load(file).map_err(|faults| {
        let _ = writeln!(io::stderr(), "{faults}");
        Exit::Usage
    })
}

/// Reads the command line of this process and does what it says.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let done = match cli.command {
        Command::Serve(arguments) => serve::run(&arguments),
        Command::Echo(arguments) => echo::run(&arguments, &mut io::stdout().lock()),
        Command::Keys(arguments) => keys::run(&arguments, &mut io::stdout().lock()),
        Command::Audit(arguments) => audit::run(&arguments, &mut io::stdout().lock()),
        Command::Ledger(arguments) => ledger::run(&arguments, &mut io::stdout().lock()),
        Command::Link(arguments) => link::run(&arguments, &mut io::stdout().lock()),
        Command::Report(arguments) => report::run(&arguments, &mut io::stdout().lock()),
        Command::Score(arguments) => score::run(&arguments, &mut io::stdout().lock()),
        Command::Disclosures(arguments) => disclosures::run(&arguments, &mut io::stdout().lock()),
        Command::Trace(arguments) => trace::run(&arguments, &mut io::stdout().lock()),
        Command::Erase(arguments) => erase::run(&arguments, &mut io::stdout().lock()),
        Command::Hold(arguments) => hold::run(&arguments, &mut io::stdout().lock()),
        Command::Queue(arguments) => queue::run(&arguments, &mut io::stdout().lock()),
        Command::Parcel(arguments) => parcel::run(&arguments, &mut io::stdout().lock()),
        Command::Retention(arguments) => retention::run(&arguments, &mut io::stdout().lock()),
        Command::Bypass(arguments) => bypass::run(&arguments, &mut io::stdout().lock()),
        Command::User(arguments) => user::run(&arguments, &mut io::stdout().lock()),
        Command::Backup(arguments) => backup::run(&arguments, &mut io::stdout().lock()),
        Command::Restore(arguments) => restore::run(&arguments, &mut io::stdout().lock()),
        Command::Demo(arguments) => demo::run(&arguments, &mut io::stdout().lock()),
        Command::Consent(arguments) => consent::run(&arguments, &mut io::stdout().lock()),
        Command::Decide(arguments) => decide::run(&arguments, &mut io::stdout().lock()),
        Command::Patient(arguments) => patient::run(&arguments, &mut io::stdout().lock()),
        Command::Review(arguments) => review::run(&arguments, &mut io::stdout().lock()),
        Command::Incident(arguments) => incident::run(&arguments, &mut io::stdout().lock()),
        Command::Policy(arguments) => policy::run(&arguments, &mut io::stdout().lock()),
        Command::CheckConfig(arguments) => check_config::run(&arguments, &mut io::stdout().lock()),
    };
    match done {
        Ok(exit) => exit.into(),
        Err(error) => {
            // Whoever closed our output early knows; a failing standard error leaves nobody to
            // tell. Either way the exit code says it.
            if error.kind() != io::ErrorKind::BrokenPipe {
                let _ = writeln!(io::stderr(), "credence: {error}");
            }
            Exit::Failure.into()
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    const UNDERSTOOD: &[&str] = &[
        "serve --config c.toml",
        "check-config c.toml --json",
        "echo pacs --config c.toml --json",
        "keys init --config c.toml --out tls --peer ct1 --peer ws1 --name gw.example --days 30",
        "keys show --config c.toml --json",
        "keys show partner.pem",
        "ledger verify data --json",
        "ledger replay data --json",
        "ledger show data --entry 7 --json",
        "ledger export data --out audit",
        "ledger export data --out audit --tiles --json --age \
         age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p",
        "ledger proof --entry 7",
        "ledger proof --entry 7 data --out 7.tlog-proof --checkpoint kept --json",
        "ledger proof --config c.toml --entry 7",
        "ledger verify-proof 7.tlog-proof --line 7.json --json --key \
         PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "audit export --config c.toml --format csv --format jsonl --out audit --from 2026-01-01 \
         --to 2026-02-01T12:00:00Z --patient 4711 --issuer HOSP --institution lakeside --ae WS1 \
         --user weber --study 1.2.3 --purpose TREATMENT --verdict deny --kind decision --identified \
         --time-zone Europe/Vienna --by mayer --json",
        "trace --config c.toml --study 1.2.3 --from 2026-01-01 --to 2026-02-01 --format csv",
        "report access --config c.toml --patient 4711 --issuer HOSP --format json",
        "report break-glass --config c.toml --time-zone Europe/Vienna",
        "report denied --config c.toml --format html",
        "report institution lakeside --config c.toml",
        "report breach --user weber --from 2026-01-01 --to 2026-02-01 --known 2026-02-02T08:00:00Z \
         --identified --format html",
        "report breach --certificate \
         sha256:0000000000000000000000000000000000000000000000000000000000000000 --format csv",
        "report breach --policy emergency --config c.toml",
        "report breach --ae WS1 --format json",
        "audit verify audit --json --key \
         PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "link show --config c.toml",
        "consent grant --config c.toml --patient 4711 --to lakeside --purpose TREATMENT \
         --purpose EMERGENCY --modality CT --study-from 2026-01-31 --until 2027-12-31",
        "consent deny --config c.toml --patient 4711",
        "consent deny --config c.toml --patient 4711 --to hill --purpose RESEARCH --json",
        "consent import --config c.toml a.json b.ndjson --dry-run --json --by desk",
        "consent revoke --config c.toml 12",
        "consent list --config c.toml --json",
        "review list --config c.toml --json",
        "review reason 12 --config c.toml --text Unconscious --by weber",
        "review close 12 --config c.toml --justified --by officer",
        "review close 12 --unjustified --by officer",
        "incident report lakeside --config c.toml --kind purpose-misuse --proof 3 4 --proof 5 \
         --by officer",
        "incident decide 7 --config c.toml --upheld --by arbiter",
        "incident decide 7 --config c.toml --dismissed --by arbiter",
        "incident reverse 8 --config c.toml --by arbiter",
        "incident lift 8 --config c.toml --by arbiter",
        "incident list --config c.toml --json",
        "patient merge --config c.toml --patient 1 --issuer A --into 2 --into-issuer B",
        "patient unlink --config c.toml --patient 1 --from 2 --from-issuer B",
        "patient guardian --config c.toml --patient 1 --name Mother --until 2030-01-31",
        "patient guardian --config c.toml --patient 1 --end",
        "patient standing note --config c.toml --patient 1 --evidence link-abused --proof 3",
        "policy propose --config c.toml --policy dir --credit credit.toml --by ada",
        "policy approve 0123abcd --config c.toml --by bob",
        "policy withdraw 0123abcd --config c.toml --by ada",
        "policy activate 0123ABCD --config c.toml --json --by ada",
        "policy list",
        "consent list --patient 4711",
        "decide --requester lakeside --recipient lakeside --patient 1 --purpose TREATMENT",
        "policy list --config c.toml",
        "decide --config c.toml --requester lakeside --recipient lakeside --patient 1 \
         --purpose TREATMENT",
        "decide --config c.toml --requester lakeside --recipient hill --patient 1 --issuer A \
         --purpose RESEARCH --verb query --custodian hill --requester-ae LAKE --recipient-ae \
         HILL --study 1.2.3 --modality CT --modality MR --study-date 2026-01-31 --user weber \
         --tls --at 2026-02-01T10:00:00Z --explain --json",
        "policy check policy --json",
        "policy backtest --config c.toml --policy new --since 2026-01-31",
        "policy backtest --config c.toml --policy new --since 1000 --json",
        "report would-deny --config c.toml --since 2026-01-31 --json",
        "score list --config c.toml --json",
        "score explain lakeside --config c.toml --on 2026-11-26 --all --json",
        "score simulate --scenario s.toml --days 365 --credit c.toml --svg out.svg --json",
        "disclosures --config c.toml --patient 4711 --issuer A --json",
        "disclosures --patient 4711 --years 10 --format html --out page.html --time-zone Europe/Vienna",
        "disclosures --patient 4711 --format csv --with-suspended",
        "disclosures suspend --config c.toml --patient 4711 --issuer A --to police --statement written \
         --until 2026-12-31 --reference case-7 --said Smith --by officer",
        "disclosures suspend --patient 4711 --to police --statement oral --reference case-7 --said Smith \
         --by officer --json",
        "disclosures resume 12 --config c.toml --by officer",
        "disclosures suspensions --config c.toml --json",
        "erase --patient 4711 --issuer A --reason objection --by officer --json",
        "hold place --patient 4711 --reference case-7 --by officer --from-year 2024",
        "hold place --everybody --reference case-7 --by officer --until-year 2025",
        "hold lift 12 --config c.toml --by officer",
        "hold list --json",
        "retention list --config c.toml",
        "retention drop --epoch 2019/default --by officer",
        "retention drop --due --by officer --json",
        "user passcode weber --config c.toml",
        "user remove weber --config c.toml",
        "user list --json",
        "user add ada --role pacs-admin --role auditor --by root --config c.toml",
        "user add weber --role patient-desk --without-passcode --json",
        "user roles ada --role compliance --by root",
        "user reset ada --by ada",
        "user disable ada",
        "user enable ada --config c.toml",
        "user delete ada --by root",
        "user token make ada --machine nightly --role auditor --until 2030-01-01 --by ada",
        "user token revoke ada 00112233445566ff",
        "user accounts --config c.toml --json",
        "decide --requester lakeside --recipient lakeside --patient 1 --purpose TREATMENT \
         --user weber --user-proof token",
        "backup there --config c.toml --json",
        "restore there --config c.toml --keyring newest --by admin --key \
         PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "parcel open there/0123 --config c.toml --out files --json",
        "parcel open s3://bucket/prefix/0123 --out files",
        "parcel list --config c.toml --json",
        "parcel show there/0123 --config c.toml --json",
        "demo --keep there",
        "demo --hospitals --keep there",
    ];

    fn parse(line: &str) -> Result<Cli, clap::Error> {
        Cli::try_parse_from(std::iter::once("credence").chain(line.split(' ')))
    }

    #[test]
    fn the_command_lines_are_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_is_understood() {
        for line in UNDERSTOOD {
            assert!(parse(line).is_ok(), "{line}");
        }
    }

    #[test]
    fn an_account_has_a_role_and_a_token_a_machine() {
        for line in [
            "user add ada",
            "user add ada --role admin",
            "user roles ada",
            "user token make ada --role auditor",
            "user token revoke ada nightly",
        ] {
            assert!(parse(line).is_err(), "{line}");
        }
    }

    #[test]
    fn wrong_usage_is_refused() {
        for line in [
            "serve",
            "keys init --days 0",
            "echo --config c.toml",
            "consent grant --config c.toml --patient 1",
            "consent grant --config c.toml --patient 1 --to Lakeside",
            "consent grant --config c.toml --patient 1 --to lakeside --purpose CARE",
            "consent grant --config c.toml --patient 1 --to lakeside --until 2027-02-30",
            "consent import --config c.toml",
            "consent deny --config c.toml --to hill",
            "consent deny --config c.toml --patient 1 --purpose ALL",
            "ledger show data --entry first",
            "ledger export data --out audit --age 4711",
            "ledger proof data",
            "ledger proof data --config c.toml --entry 7",
            "ledger verify-proof 7.tlog-proof",
            "review close 12 --config c.toml",
            "review close 12 --config c.toml --justified --unjustified",
            "review reason 12 --config c.toml",
            "incident report lakeside --config c.toml --kind theft --proof 3",
            "incident report lakeside --config c.toml --kind purpose-misuse",
            "incident decide 7 --config c.toml",
            "patient guardian --config c.toml --patient 1",
            "patient guardian --config c.toml --patient 1 --name Mother --end",
            "patient standing note --config c.toml --patient 1 --evidence complaint --proof 3",
            "policy approve 0123abc --config c.toml",
            "decide --config c.toml --requester lakeside --recipient lakeside --patient 1",
            "policy check",
            "policy backtest --config c.toml",
            "report would-deny --config c.toml --since yesterday",
            "policy approve 0123abcd",
            "incident decide 7 --upheld",
            "review close 12 --justified",
            "score explain --config c.toml",
            "disclosures --config c.toml",
            "disclosures --patient 4711 --years 0",
            "disclosures --patient 4711 --json --format csv",
            "disclosures --patient 4711 suspensions",
            "disclosures suspend --patient 4711 --to police --statement written --reference a --said b --by c",
            "disclosures suspend --patient 4711 --to police --statement hinted --reference a --said b --by c",
            "disclosures resume 12",
            "report breach",
            "report breach --ae WS1 --user weber",
            "report breach --certificate 0123",
            "erase --patient 4711 --reason objection",
            "erase --patient 4711 --reason whim --by officer",
            "hold place --reference case-7 --by officer",
            "hold place --everybody --patient 4711 --reference case-7 --by officer",
            "retention drop --by officer",
            "restore there",
            "user passcode",
            "parcel open there/0123 --config c.toml",
            "parcel show",
            "decide --requester lakeside --recipient lakeside --patient 1 --purpose TREATMENT \
             --user-proof token",
            "decide --requester lakeside --recipient lakeside --patient 1 --purpose TREATMENT \
             --user weber --user-proof word",
            "retention drop --epoch 2019 --by officer",
            "score explain Lakeside --config c.toml",
            "score explain lakeside --config c.toml --on today",
            "score simulate --days 365",
            "score simulate --scenario s.toml --days 0",
            "score simulate --scenario s.toml --days 3651",
        ] {
            let error = parse(line).unwrap_err();
            assert_eq!(error.exit_code(), 2, "{line}");
        }
    }
}
