//! The passphrase of a backup: `BACKUP_PASSPHRASE`, or asked for on the terminal. Never an argument, which others can see.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Write};

use anyhow::{Context, ensure};
use domain::secret::Secret;
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use storage::backup::Passphrase;

use crate::config::Config;

/// The terminal, wherever input and output go.
const TERMINAL: &str = "/dev/tty";

/// One for a new backup; who types it does so twice.
pub fn to_seal_with(config: &Config) -> anyhow::Result<Passphrase> {
    given(config, |terminal| {
        let typed = terminal.ask("Passphrase of the backup: ")?;
        ensure!(typed == terminal.ask("The same once more: ")?, "the two passphrases are not the same");
        Ok(typed)
    })
}

/// That of a backup there is.
pub fn to_open_with(config: &Config) -> anyhow::Result<Passphrase> {
    given(config, |terminal| terminal.ask("Passphrase of the backup: "))
}

fn given(config: &Config, ask: impl FnOnce(&mut Terminal) -> anyhow::Result<Secret>) -> anyhow::Result<Passphrase> {
    let text = match &config.backup_passphrase {
        Some(text) => text.clone(),
        None => ask(&mut Terminal::open().context("set BACKUP_PASSPHRASE: there is no terminal to ask for it on")?)?,
    };
    Passphrase::new(text).context("the passphrase is empty")
}

/// A terminal that doesn't show what is typed, until it is dropped.
struct Terminal {
    lines: BufReader<File>,
    before: Termios,
}

impl Terminal {
    fn open() -> std::io::Result<Self> {
        let terminal = OpenOptions::new().read(true).write(true).open(TERMINAL)?;
        let before = tcgetattr(&terminal)?;
        let mut silent = before.clone();
        silent.local_modes.remove(LocalModes::ECHO);
        tcsetattr(&terminal, OptionalActions::Flush, &silent)?;
        Ok(Self { lines: BufReader::new(terminal), before })
    }

    fn ask(&mut self, question: &str) -> anyhow::Result<Secret> {
        self.lines.get_mut().write_all(question.as_bytes())?;
        let mut line = zeroize::Zeroizing::new(String::new());
        self.lines.read_line(&mut line)?;
        // What ended the line was not shown either.
        self.lines.get_mut().write_all(b"\n")?;
        Ok(line.trim_end_matches(['\r', '\n']).into())
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // There is nothing to be done about a terminal that has gone.
        let _ = tcsetattr(self.lines.get_ref(), OptionalActions::Flush, &self.before);
    }
}
