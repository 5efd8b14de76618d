//! What the commands share that do something and end, beside a server or instead of one.

use std::future::Future;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use storage::Db;

use crate::setup::{self, Setup};
use crate::{BAD_CONFIGURATION, complain};

/// Reads the setup, does a command's work by it and says what went wrong.
pub fn run(command: impl AsyncFnOnce(&Setup) -> anyhow::Result<()>) -> ExitCode {
    let setup = match setup::read() {
        Ok(setup) => setup,
        Err(faults) => return complain(&faults, BAD_CONFIGURATION),
    };
    match block_on(command(&setup)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => complain(&format!("{error:#}"), 1),
    }
}

/// Opens and prepares the database as a server does, which must be down.
pub async fn open(setup: &Setup) -> anyhow::Result<Db> {
    let db = Db::open(&setup.dsn, Arc::clone(&setup.cipher)).await.context("the database can't be opened")?;
    db.hold_data_dir(&setup.config.data_dir)?;
    db.migrate().await.context("the database can't be migrated")?;
    Ok(db)
}

/// Runs a command's work to its end.
pub fn block_on<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(work)
}

/// Tells the person or script that gave the command.
#[expect(clippy::print_stdout, reason = "the report is what a command is for")]
pub fn say(line: &str) {
    println!("{line}");
}
