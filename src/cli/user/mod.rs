//! `credence user`

pub mod account;
pub(super) mod prompt;

use std::io;
use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use clap::Subcommand;
use serde_json::json;

use crate::cli::Exit;
use crate::cli::configured;
use crate::cli::user::account::Account;
use crate::config::SecretError;
use crate::config::SecretFile;
use crate::config::UserName;
use crate::identity::Digest;
use crate::identity::Passcodes;
use crate::identity::PasscodesError;
use crate::identity::ReplaceError;
use crate::identity::lock_for;
use crate::identity::replace;

/// Accounts of the console, and passcodes of users whom peers name
///
/// Two kinds of people have a passcode here, and neither gets in where the other does.
///
/// Accounts of the console sign in with a browser, or have tokens for the API: add, roles, reset, disable, enable,
/// delete, token, accounts. They work by way of the gateway that runs, else on its folder, and each change is an entry
/// of the ledger.
///
/// Users whom peers name: passcode, remove, list. A peer may name its user, with a passcode, when it requests an association (DICOM PS3.7, User Identity
/// Negotiation). The file that `passcodes` of the table identity names holds one line for each user: the
/// name, and a digest of the passcode by Argon2id. A running gateway heeds a change at once. Run it as the
/// user that the gateway runs as: the file is for its owner's eyes only.
#[derive(Debug, Subcommand)]
pub enum User {
    /// Accounts of the console.
    #[command(flatten)]
    Account(Account),
    /// Users whom peers name.
    #[command(flatten)]
    Named(Named),
}

/// Commands about users whom peers name.
#[derive(Debug, Subcommand)]
pub enum Named {
    /// Set the passcode of a user whom peers name, new or known
    ///
    /// On a terminal it is asked for twice and not shown; else it is the first line of standard input.
    /// At least 12 characters.
    Passcode(Passcode),
    /// Take a user whom peers name out of the file: from then on the gateway rejects that user with any passcode
    Remove(Remove),
    /// List the users whom peers name who have a passcode
    List(List),
}

/// Arguments of `credence user passcode`.
#[derive(Args, Debug)]
pub struct Passcode {
    /// The user, as peers name them
    #[arg(value_name = "NAME")]
    pub name: UserName,
    /// The configuration file
    #[arg(long, value_name = "FILE", default_value = "credence.toml")]
    pub config: PathBuf,
}

/// Arguments of `credence user remove`.
#[derive(Args, Debug)]
pub struct Remove {
    /// The user
    #[arg(value_name = "NAME")]
    pub name: UserName,
    /// The configuration file
    #[arg(long, value_name = "FILE", default_value = "credence.toml")]
    pub config: PathBuf,
}

/// Arguments of `credence user list`.
#[derive(Args, Debug)]
pub struct List {
    /// The configuration file
    #[arg(long, value_name = "FILE", default_value = "credence.toml")]
    pub config: PathBuf,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

/// What keeps a command from being done.
#[derive(Debug, thiserror::Error)]
enum Refused {
    #[error("the configuration has no `passcodes` in [identity]: name a file there first")]
    NoFile,
    #[error("a name that begins with # would be read as a comment")]
    Comment,
    #[error(
        "`passcodes` is a credential of systemd's: run the command on a configuration that names the \
         file itself"
    )]
    Credential,
    #[error("the two entries differ")]
    Differ,
    #[error("no passcode was given")]
    Silent,
    #[error("there is no user {0} in the file of passcodes")]
    NoSuchUser(UserName),
    #[error(transparent)]
    Passcode(#[from] crate::identity::PasscodeFault),
    #[error(transparent)]
    Passcodes(#[from] PasscodesError),
    #[error(transparent)]
    File(#[from] ReplaceError),
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Performs the command and writes the outcome to `out`.
///
/// # Errors
/// When `out` cannot be written.
pub fn run(command: &User, out: &mut dyn Write) -> io::Result<Exit> {
    let command = match command {
        User::Account(command) => return account::run(command, out),
        User::Named(command) => command,
    };
    let config = match command {
        Named::Passcode(arguments) => &arguments.config,
        Named::Remove(arguments) => &arguments.config,
        Named::List(arguments) => &arguments.config,
    };
    let config = match configured(config) {
        Ok(config) => config,
        Err(exit) => return Ok(exit),
    };
    let file = config.identity.passcodes.ok_or(Refused::NoFile);
    let done = file.and_then(|file| perform(command, &file, out));
    match done {
        Ok(()) => Ok(Exit::Success),
        Err(refused) => {
            writeln!(io::stderr(), "credence: {refused}")?;
            Ok(Exit::Failure)
        }
    }
}

fn perform(command: &Named, file: &SecretFile, out: &mut dyn Write) -> Result<(), Refused> {
    match command {
        Named::Passcode(arguments) => {
            let name = &arguments.name;
            if name.as_str().starts_with('#') {
                return Err(Refused::Comment);
            }
            // Before anybody types: whether the file can be used at all.
            path(file)?;
            standing(file)?;
            let digest = prompt::passcode(name)?.digest()?;
            set(file, name, digest)?;
            writeln!(out, "user {name} has a new passcode")?;
        }
        Named::Remove(arguments) => {
            let name = &arguments.name;
            let path = path(file)?;
            let _alone = lock_for(&path)?;
            let mut passcodes = Passcodes::read(file)?;
            if !passcodes.remove(name) {
                return Err(Refused::NoSuchUser(name.clone()));
            }
            replace(&path, passcodes.text().as_bytes())?;
            writeln!(out, "user {name} has no passcode any more")?;
        }
        Named::List(arguments) => {
            let passcodes = Passcodes::read(file)?;
            if arguments.json {
                let users: Vec<&str> = passcodes.users().map(UserName::as_str).collect();
                writeln!(out, "{}", json!({ "users": users }))?;
            } else {
                for name in passcodes.users() {
                    writeln!(out, "{name}")?;
                }
            }
        }
    }
    Ok(())
}

/// Where the file is to be written: systemd's copy cannot be changed.
fn path(file: &SecretFile) -> Result<PathBuf, Refused> {
    match file {
        SecretFile::Path(path) => Ok(path.clone()),
        SecretFile::Credential(_) => Err(Refused::Credential),
    }
}

/// Sets a passcode in the file as it is now: others may have changed it while one was typed.
fn set(file: &SecretFile, name: &UserName, digest: Digest) -> Result<(), Refused> {
    let path = path(file)?;
    let _alone = lock_for(&path)?;
    let mut passcodes = standing(file)?;
    passcodes.set(name.clone(), digest);
    Ok(replace(&path, passcodes.text().as_bytes())?)
}

/// The file's users; nobody, where it does not exist yet.
fn standing(file: &SecretFile) -> Result<Passcodes, Refused> {
    match Passcodes::read(file) {
        Err(PasscodesError::File(SecretError::Io { source, .. }))
            if source.kind() == io::ErrorKind::NotFound =>
        {
            Ok(Passcodes::default())
        }
        read => Ok(read?),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::Passcode;

    #[test]
    fn changes_at_the_same_time_are_all_there_at_the_end() {
        let dir = tempfile::tempdir().unwrap();
        let file = SecretFile::Path(dir.path().join("passcodes"));
        let passcode = Passcode::from_bytes(b"correct horse".to_vec());
        let digest = passcode.digest().unwrap();
        let writers = 8;
        let each = 10;
        std::thread::scope(|scope| {
            for writer in 0..writers {
                let (file, digest) = (&file, &digest);
                scope.spawn(move || {
                    for number in 0..each {
                        let name = format!("user-{writer}-{number}").parse().unwrap();
                        set(file, &name, digest.clone()).unwrap();
                    }
                });
            }
        });
        let passcodes = Passcodes::read(&file).unwrap();
        assert_eq!(passcodes.users().count(), writers * each);
    }
}
