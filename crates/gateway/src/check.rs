//! `gpt-load check`: reads the whole configuration, connects to what it names, and says what is wrong.

use std::process::ExitCode;

use crate::setup::{self, Setup};
use crate::{BAD_CONFIGURATION, complain};

/// Checks and reports. Exit code 0: the server would start; 2: it would not.
pub fn run() -> ExitCode {
    let setup = match setup::read() {
        Ok(setup) => setup,
        Err(faults) => return complain(&faults, BAD_CONFIGURATION),
    };
    for warning in &setup.warnings {
        say(&format!("warning: {warning}"));
    }
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return complain(&error, 1),
    };
    match runtime.block_on(open(&setup)) {
        Ok(groups) => {
            say(&format!("ok: the configuration is sound; the database holds {groups} groups"));
            ExitCode::SUCCESS
        }
        Err(error) => complain(&format!("{error:#}"), BAD_CONFIGURATION),
    }
}

/// Opens the database as a server would, but changes nothing in it.
async fn open(setup: &Setup) -> anyhow::Result<usize> {
    let db = storage::Db::open(&setup.dsn, std::sync::Arc::clone(&setup.cipher)).await?;
    let groups = db.groups().await.map(|groups| groups.len());
    db.close().await;
    // A database without tables is one the first start will fill.
    Ok(groups.unwrap_or(0))
}

#[expect(clippy::print_stdout, reason = "the report is what the command is for")]
fn say(line: &str) {
    println!("{line}");
}
