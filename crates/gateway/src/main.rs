//! GPT-Load: pools of provider keys behind one address.
//!
//! `gpt-load` reads its [`setup`] from the environment, starts the [`app`] and runs it until it is told to stop. ARCHITECTURE.md is the
//! map of the rest.

use std::process::ExitCode;

use config::cli::{self, Command};

mod admin;
mod app;
mod backup;
mod channels;
mod check;
mod clock;
mod config;
mod console;
mod events;
mod first_start;
mod jobs;
mod journal;
mod key_store;
mod keyring;
mod leadership;
mod metrics;
mod migrate_keys;
mod node;
mod offline;
mod probe;
mod proxy;
mod server;
mod setup;
mod snapshot;
mod sync;
mod tasks;
mod telemetry;
#[cfg(test)]
mod tests;
mod vacuum;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Exit code for a configuration that can't be served with.
const BAD_CONFIGURATION: u8 = 2;

fn main() -> ExitCode {
    match cli::parse(std::env::args_os()) {
        Ok(Command::Serve) => serve(),
        Ok(Command::Check) => check::run(),
        Ok(Command::MigrateKeys(keys)) => migrate_keys::run(&keys),
        Ok(Command::Export(to)) => backup::export(&to),
        Ok(Command::Import(from)) => backup::import(&from),
        Ok(Command::Vacuum) => vacuum::run(),
        Err(code) => code,
    }
}

fn serve() -> ExitCode {
    let (setup, listener) = match setup::read_and_listen() {
        Ok(ready) => ready,
        Err(faults) => return complain(&faults, BAD_CONFIGURATION),
    };
    let _log = match telemetry::init(&setup.config.log) {
        Ok(guard) => guard,
        Err(error) => return complain(&error, 1),
    };
    match app::run(setup, listener) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(error = format!("{error:#}"), "the server could not go on");
            complain(&format!("{error:#}"), 1)
        }
    }
}

/// Says on standard error why there is no server.
#[expect(clippy::print_stderr, reason = "there is no log yet, or nobody looks at it")]
fn complain(why: &impl std::fmt::Display, code: u8) -> ExitCode {
    eprintln!("{why}");
    ExitCode::from(code)
}
