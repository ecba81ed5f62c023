//! Asking for a passcode: on a terminal unseen and twice, else one line of standard input.

use std::io;
use std::io::BufRead as _;
use std::io::IsTerminal as _;
use std::io::Read as _;
use std::io::StdinLock;
use std::io::Write as _;

use rustix::termios::LocalModes;
use rustix::termios::OptionalActions;
use rustix::termios::Termios;
use rustix::termios::tcgetattr;
use rustix::termios::tcsetattr;
use zeroize::Zeroizing;

use super::Refused;
use crate::config::UserName;
use crate::identity::PASSCODE_BYTES_MAX;
use crate::identity::Passcode;

/// Asks for a passcode for `name`.
pub(super) fn passcode(name: &UserName) -> Result<Passcode, Refused> {
    let mut input = io::stdin().lock();
    if !input.is_terminal() {
        let line = line(&mut input)?;
        return Ok(Passcode::from_bytes(line.to_vec()));
    }
    let first = unseen(&mut input, &format!("passcode for {name}: "))?;
    let second = unseen(&mut input, "once more: ")?;
    if first != second {
        return Err(Refused::Differ);
    }
    Ok(Passcode::from_bytes(first.to_vec()))
}

/// Asks `name` for the passcode that they have.
pub(in crate::cli) fn known_passcode(name: &UserName) -> Result<Passcode, String> {
    let mut input = io::stdin().lock();
    let line = if input.is_terminal() {
        unseen(&mut input, &format!("passcode of {name}: "))
    } else {
        line(&mut input)
    };
    let line = line.map_err(|refused| refused.to_string())?;
    Ok(Passcode::from_bytes(line.to_vec()))
}

/// A line without its end; one byte more than a passcode may have is kept, so that it is refused.
fn line(input: &mut StdinLock<'_>) -> Result<Zeroizing<Vec<u8>>, Refused> {
    let most = u64::try_from(PASSCODE_BYTES_MAX).unwrap_or(u64::MAX);
    let mut line = Zeroizing::new(Vec::with_capacity(PASSCODE_BYTES_MAX.saturating_add(2)));
    input
        .take(most.saturating_add(2))
        .read_until(b'\n', &mut line)?;
    for end in [b'\n', b'\r'] {
        if line.last() == Some(&end) {
            line.pop();
        }
    }
    if line.is_empty() {
        return Err(Refused::Silent);
    }
    Ok(line)
}

fn unseen(input: &mut StdinLock<'_>, prompt: &str) -> Result<Zeroizing<Vec<u8>>, Refused> {
    let terminal = Unseen::begin()?;
    let mut screen = io::stderr().lock();
    write!(screen, "{prompt}")?;
    screen.flush()?;
    let line = line(input);
    drop(terminal);
    writeln!(screen)?;
    line
}

/// A terminal that shows nothing of what is typed, until this is dropped.
struct Unseen(Termios);

impl Unseen {
    fn begin() -> io::Result<Self> {
        let before = tcgetattr(io::stdin())?;
        let mut quiet = before.clone();
        quiet.local_modes.remove(LocalModes::ECHO);
        tcsetattr(io::stdin(), OptionalActions::Flush, &quiet)?;
        Ok(Self(before))
    }
}

impl Drop for Unseen {
    fn drop(&mut self) {
        let _ = tcsetattr(io::stdin(), OptionalActions::Now, &self.0);
    }
}
