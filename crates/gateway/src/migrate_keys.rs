//! `gpt-load migrate-keys`: brings all stored keys from one `ENCRYPTION_KEY` under another, or to plain text and back.
//!
//! The server must be down. Cut short, the same command goes on where it ended.

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, ensure};
use domain::secret::Secret;
use storage::keys::{Reencrypted, Reencryption};
use storage::{Db, KeyCipher};

use crate::config::cli::MigrateKeys;
use crate::jobs::spool_logs::SpoolSink;
use crate::jobs::store_logs;
use crate::offline::{self, say};
use crate::setup::{self, Setup};
use crate::{BAD_CONFIGURATION, complain};

/// Keys between two words about how far it is.
const TELL_EVERY: u64 = 10_000;

/// Migrates and reports.
pub fn run(keys: &MigrateKeys) -> ExitCode {
    let setup = match setup::read() {
        Ok(setup) => setup,
        Err(faults) => return complain(&faults, BAD_CONFIGURATION),
    };
    match offline::block_on(migrate(&setup, keys)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => complain(&format!("{error:#}"), 1),
    }
}

async fn migrate(setup: &Setup, keys: &MigrateKeys) -> anyhow::Result<()> {
    check(keys)?;
    let cipher = |key: &Option<Secret>| KeyCipher::new(key.as_ref().map(Secret::expose));
    let (from, to) = (cipher(&keys.from)?, cipher(&keys.to)?);
    let db = Db::open(&setup.dsn, Arc::new(to)).await.context("the database can't be opened")?;
    db.hold_data_dir(&setup.config.data_dir)?;
    let migrated = rewrite(setup, &db, &from).await;
    db.close().await;
    migrated?;
    say(match keys.to {
        Some(_) => "ok: start the server with the new key as ENCRYPTION_KEY",
        None => "ok: keys are stored in plain text now; start the server without ENCRYPTION_KEY",
    });
    Ok(())
}

/// Empty keys are refused: that of a script's unset variable would lay all keys open.
fn check(keys: &MigrateKeys) -> anyhow::Result<()> {
    for (name, key) in [("--from", &keys.from), ("--to", &keys.to)] {
        let is_empty = key.as_ref().is_some_and(|key| key.expose().is_empty());
        ensure!(!is_empty, "{name} is empty: give an ENCRYPTION_KEY, or leave {name} out for plain text");
    }
    ensure!(
        keys.from.is_some() || keys.to.is_some(),
        "give --from, --to or both: the former ENCRYPTION_KEY and the new one"
    );
    ensure!(keys.from != keys.to, "--from and --to are the same key: there is nothing to migrate");
    Ok(())
}

async fn rewrite(setup: &Setup, db: &Db, from: &KeyCipher) -> anyhow::Result<()> {
    let plan = db.plan_reencryption(from).await?;
    say(&format!("{} keys to migrate, {} done before", plan.wanted, plan.done));
    db.migrate().await.context("the database can't be migrated")?;
    // Entries that a killed server left there hold keys, too.
    let (_sink, mut drain) = SpoolSink::open(&setup.config.data_dir, db).await?;
    store_logs::store_all(db, &mut drain).await.context("the log's spool can't be stored")?;
    let sum =
        plan.run(progress(&plan)).await.context("the migration broke off; give the same command again to go on")?;
    say(&format!("{} keys and {} log rows migrated", sum.keys, sum.logs));
    if sum.logs_left > 0 {
        say(&format!("{} log rows stand under another former key and are shown without it", sum.logs_left));
    }
    Ok(())
}

/// Says how far it is, now and then.
fn progress(plan: &Reencryption<'_>) -> impl FnMut(&Reencrypted) + use<> {
    let (wanted, mut told) = (plan.wanted, 0);
    move |sum| {
        let steps = (sum.keys + sum.logs) / TELL_EVERY;
        if steps > told {
            told = steps;
            say(&format!("{} of {wanted} keys and {} log rows", sum.keys, sum.logs));
        }
    }
}
