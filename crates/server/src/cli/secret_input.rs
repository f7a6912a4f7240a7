//! A password or a credential from the person at the terminal, or from another program; never from the command line, which
//! everybody on the machine can read.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};

use anyhow::{Context as _, bail};
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};

/// Longer than any of them: what is read of a wrong file.
const MAX_BYTES: u64 = 16 << 10;

/// Asks twice at a terminal, without showing what is typed; else takes the first line of standard input.
pub(super) fn new_password() -> anyhow::Result<String> {
    if !io::stdin().is_terminal() {
        return line("password");
    }
    let first = prompt("Password: ", "password")?;
    if first != prompt("Once more: ", "password")? {
        bail!("the two passwords differ");
    }
    Ok(first)
}

/// Asks at a terminal, without showing what is typed; else takes the first line of standard input.
pub(super) fn credential() -> anyhow::Result<String> {
    if io::stdin().is_terminal() { prompt("Credential: ", "credential") } else { line("credential") }
}

fn prompt(text: &str, what: &str) -> anyhow::Result<String> {
    eprint!("{text}");
    io::stderr().flush()?;
    let quiet = Quiet::begin()?;
    let typed = line(what);
    drop(quiet);
    eprintln!();
    typed
}

fn line(what: &str) -> anyhow::Result<String> {
    let mut text = String::new();
    io::Read::take(io::stdin().lock(), MAX_BYTES)
        .read_line(&mut text)
        .with_context(|| format!("reading the {what}"))?;
    let text = text.trim_end_matches(['\r', '\n']);
    if text.is_empty() {
        bail!("found no {what} on standard input, expected one line");
    }
    Ok(text.to_owned())
}

/// A terminal that shows nothing of what is typed; it does again when this goes.
struct Quiet(Termios);

impl Quiet {
    fn begin() -> anyhow::Result<Self> {
        let before = tcgetattr(io::stdin()).context("asking the terminal")?;
        let mut quiet = before.clone();
        quiet.local_modes.remove(LocalModes::ECHO);
        tcsetattr(io::stdin(), OptionalActions::Flush, &quiet)
            .context("keeping the terminal from showing what is typed")?;
        Ok(Self(before))
    }
}

impl Drop for Quiet {
    fn drop(&mut self) {
        tcsetattr(io::stdin(), OptionalActions::Flush, &self.0).unwrap_or(());
    }
}
