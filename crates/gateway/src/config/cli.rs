//! The command line.

use std::ffi::OsString;
use std::fmt::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use domain::secret::Secret;

use super::environment::ENVIRONMENT;

/// A transparent gateway that pools the keys of AI providers behind one address
#[derive(Parser)]
#[command(name = "gpt-load", version, after_long_help = environment_help())]
struct CommandLine {
    #[command(subcommand)]
    command: Option<Command>,
}

/// What the program is asked to do.
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum Command {
    /// Serve until told to stop (this is done without a command too)
    Serve(Serve),
    /// Have the running server replaced by this program: no connection is refused, no stream is cut
    Upgrade,
    /// Ask the running server whether it is well; exit code 0 or 1, for container health checks
    Health,
    /// Read the configuration, say what is wrong with it, and end
    Check,
    /// Bring all stored keys from one encryption key under another; stop the server first
    MigrateKeys(MigrateKeys),
    /// Write groups, keys and settings into a file, for any database; stop the server first, or ask its GET /api/backup
    Export(Export),
    /// Put a file that `export` wrote into the database, all of it or nothing; stop the server first
    Import(Import),
    /// Give the database's unused space back to the system; stop the server first
    Vacuum,
}

/// How to begin.
#[derive(Clone, Debug, Default, PartialEq, Eq, Args)]
pub struct Serve {
    /// Take over from the server that starts this one
    #[arg(long, hide = true)]
    pub takeover: bool,
}

/// From which `ENCRYPTION_KEY` to which.
#[derive(Clone, Debug, PartialEq, Eq, Args)]
pub struct MigrateKeys {
    /// The former encryption key; leave it out if keys are stored in plain text
    #[arg(long, value_name = "OLD")]
    pub from: Option<Secret>,
    /// The new encryption key; leave it out to store keys in plain text
    #[arg(long, value_name = "NEW")]
    pub to: Option<Secret>,
}

/// Where a backup goes.
#[derive(Clone, Debug, PartialEq, Eq, Args)]
pub struct Export {
    /// The file to write; it must not exist
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// Write everything in clear. Otherwise a passphrase encrypts it: that of the environment, or one that is asked for
    #[arg(long)]
    pub plain: bool,
}

/// Where a backup comes from.
#[derive(Clone, Debug, PartialEq, Eq, Args)]
pub struct Import {
    /// The file to read
    #[arg(long = "in", value_name = "FILE")]
    pub file: PathBuf,
    /// Leave groups and settings that exist as they are and import the rest; otherwise nothing is imported if a group exists
    #[arg(long)]
    pub keep_existing: bool,
}

/// Reads the program's arguments, the first of which is its own name.
///
/// # Errors
/// When there is nothing to do: help or version was asked for and is printed (exit code 0), or the arguments make no
/// sense, which is said on standard error (exit code 1, as in GPT-Load 1.4.x).
pub fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Command, ExitCode> {
    match CommandLine::try_parse_from(arguments.into_iter().map(two_dashes)) {
        Ok(line) => Ok(line.command.unwrap_or(Command::Serve(Serve::default()))),
        Err(error) => {
            let told = error.print();
            Err(if error.use_stderr() || told.is_err() { ExitCode::FAILURE } else { ExitCode::SUCCESS })
        }
    }
}

/// GPT-Load 1.4.x takes options with one dash, too, as Go's programs do.
fn two_dashes(argument: OsString) -> OsString {
    let option = argument.to_str().and_then(|text| text.strip_prefix('-'));
    match option.and_then(|option| option.split('=').next()) {
        Some("from" | "to") => OsString::from_iter([OsString::from("-"), argument]),
        _ => argument,
    }
}

fn environment_help() -> String {
    let mut help = String::from("Environment (read from the file .env too):\n");
    for variable in ENVIRONMENT {
        let default = if variable.default.is_empty() { "-" } else { variable.default };
        // Writing to a String can't fail.
        let _ = writeln!(help, "  {} [{default}]\n      {}", variable.name, variable.meaning);
    }
    help
}

#[cfg(test)]
mod tests;
