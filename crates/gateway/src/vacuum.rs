//! `gpt-load vacuum`: the database's unused space back to the system.

use std::process::ExitCode;

use anyhow::Context;

use crate::offline::{self, say};

/// Rewrites the database without what is unused, and reports.
pub fn run() -> ExitCode {
    offline::run(async |setup| {
        let db = offline::open(setup).await?;
        say("rewriting the database; of a large one this takes minutes");
        let vacuumed = db.vacuum().await;
        db.close().await;
        vacuumed.context("the database is as it was: its space can't be given back")?;
        say("ok: unused space was given back");
        Ok(())
    })
}
