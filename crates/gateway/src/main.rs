//! GPT-Load: pools of provider keys behind one address.
//!
//! `gpt-load` reads its [`setup`] from the environment, starts the [`app`] and runs it until it is told to stop. ARCHITECTURE.md is the
//! map of the rest.

use std::process::ExitCode;

use config::cli::{self, Command};
use upgrade::predecessor::{Inheritance, Predecessor};

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
mod health_check;
mod jobs;
mod journal;
mod key_store;
mod keyring;
mod leadership;
mod metrics;
mod migrate_keys;
mod node;
mod nodes;
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
mod upgrade;
mod vacuum;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Exit code for a configuration that can't be served with.
const BAD_CONFIGURATION: u8 = 2;

fn main() -> ExitCode {
    if let Err(error) = config::run_as::drop_root() {
        return complain(&format!("{error:#}"), BAD_CONFIGURATION);
    }
    match cli::parse(std::env::args_os()) {
        Ok(Command::Serve(serve)) => begin(serve.takeover),
        Ok(Command::Upgrade) => upgrade::command::run(),
        Ok(Command::Health) => health_check::run(),
        Ok(Command::Check) => check::run(),
        Ok(Command::MigrateKeys(keys)) => migrate_keys::run(&keys),
        Ok(Command::Export(to)) => backup::export(&to),
        Ok(Command::Import(from)) => backup::import(&from),
        Ok(Command::Vacuum) => vacuum::run(),
        Err(code) => code,
    }
}

fn begin(takes_over: bool) -> ExitCode {
    let (predecessor, inheritance) = match takes_over.then(Predecessor::meet).transpose() {
        Ok(met) => met.unzip(),
        Err(error) => return complain(&format!("only a server can start its successor (--takeover): {error}"), 1),
    };
    match serve(predecessor.as_ref(), inheritance) {
        Ok(()) => ExitCode::SUCCESS,
        Err((why, code)) => {
            if let Some(predecessor) = predecessor {
                predecessor.disappoint(&why);
            }
            complain(&why, code)
        }
    }
}

/// Serves until told to stop. An error says why there is no server, and with which code to end.
fn serve(predecessor: Option<&Predecessor>, inheritance: Option<Inheritance>) -> Result<(), (String, u8)> {
    let (listener, lock) = inheritance.map(|given| (given.listener, given.lock)).unzip();
    let setup = setup::read_and_listen(listener);
    let (setup, listener) = setup.map_err(|faults| (faults.to_string(), BAD_CONFIGURATION))?;
    let _log = telemetry::init(&setup.config.log).map_err(|error| (error.to_string(), 1))?;
    app::run(setup, listener, lock, predecessor).map_err(|error| {
        let why = format!("{error:#}");
        tracing::error!(error = why, "the server could not go on");
        (why, 1)
    })
}

/// Says on standard error why there is no server.
#[expect(clippy::print_stderr, reason = "there is no log yet, or nobody looks at it")]
fn complain(why: &impl std::fmt::Display, code: u8) -> ExitCode {
    eprintln!("{why}");
    ExitCode::from(code)
}
