//! `gpt-load check`: reads the whole configuration, connects to what it names, and says what is wrong.

use std::process::ExitCode;

use crate::offline::{self, say};
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
    match offline::block_on(open(&setup)) {
        Ok(groups) => {
            let config = &setup.config;
            say(&format!("address: {}:{}", config.server.host, config.server.port));
            say(&format!("time zone: {}", config.time_zone.iana_name().unwrap_or("the system's")));
            say(&format!("keys at rest: {}", if setup.cipher.encrypts() { "encrypted" } else { "plain text" }));
            match groups {
                Some(groups) => say(&format!("database: {groups} groups")),
                None => say("database: empty; the server's start will prepare it"),
            }
            say("ok: the configuration is sound");
            ExitCode::SUCCESS
        }
        Err(error) => complain(&format!("{error:#}"), BAD_CONFIGURATION),
    }
}

/// Opens the database as a server would, but changes nothing in it. Returns how many groups it holds; `None` if it has no tables yet.
async fn open(setup: &Setup) -> anyhow::Result<Option<u64>> {
    let db = storage::Db::open(&setup.dsn, std::sync::Arc::clone(&setup.cipher)).await?;
    let (answers, groups, encryption) = (db.ping().await, db.count_groups().await, db.encryption_state().await);
    db.close().await;
    answers?;
    if let Ok(Some(misfit)) = encryption.map(|state| state.scenario) {
        say(&format!("warning: ENCRYPTION_KEY does not fit the keys in the database ({})", misfit.as_str()));
    }
    Ok(groups.ok())
}
