//! `gpt-load export` and `gpt-load import`: groups, keys and settings from one database into another, by a file.

use std::fs::{File, OpenOptions};
use std::io::{BufReader, BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, ensure};
use storage::Db;
use storage::backup::{Backup, Counts, Existing, Passphrase};

use crate::config::cli::{Export, Import};
use crate::offline::{self, say};

mod passphrase;

/// `gpt-load export`
pub fn export(to: &Export) -> ExitCode {
    offline::run(async |setup| {
        // Asked for ahead of everything else: nobody waits to be asked.
        ensure!(!to.out.exists(), "{} exists already", to.out.display());
        let passphrase = if to.plain { None } else { Some(passphrase::to_seal_with(&setup.config)?) };
        let db = offline::open(setup).await?;
        let written = write(&db, &to.out, passphrase.as_ref()).await;
        db.close().await;
        let counts = written?;
        say(&format!("ok: {} holds {}", to.out.display(), told(counts)));
        if counts.left_out > 0 {
            say(&format!("warning: {} keys can't be read with the present ENCRYPTION_KEY", counts.left_out));
        }
        Ok(())
    })
}

/// `gpt-load import`
pub fn import(from: &Import) -> ExitCode {
    offline::run(async |setup| {
        let cant_open = || format!("{} can't be opened", from.file.display());
        let backup = Backup::open(BufReader::new(File::open(&from.file).with_context(cant_open)?))?;
        let passphrase = if backup.is_sealed() { Some(passphrase::to_open_with(&setup.config)?) } else { None };
        let mut checked = backup.check(passphrase.as_ref())?;
        let existing = if from.keep_existing { Existing::Keep } else { Existing::Refuse };
        let db = offline::open(setup).await?;
        let restored = db.restore(&mut checked, existing).await;
        db.close().await;
        let restored = restored?;
        say(&format!("ok: imported {}", told(restored.counts)));
        if !restored.kept.is_empty() {
            say(&format!("left as they are: {}", restored.kept.join(", ")));
        }
        Ok(())
    })
}

/// Writes a backup beside its place, and moves it there when it is whole.
async fn write(db: &Db, file: &Path, passphrase: Option<&Passphrase>) -> anyhow::Result<Counts> {
    let partial = partial(file);
    let counts = write_partial(db, &partial, passphrase).await;
    let written = counts.and_then(|counts| {
        std::fs::rename(&partial, file).with_context(|| format!("{} can't be written", file.display()))?;
        Ok(counts)
    });
    if written.is_err() {
        // The error that is told is the first one.
        let _ = std::fs::remove_file(&partial);
    }
    written
}

async fn write_partial(db: &Db, file: &Path, passphrase: Option<&Passphrase>) -> anyhow::Result<Counts> {
    let cant_write = || format!("{} can't be written", file.display());
    let mut export = storage::backup::Export::new(db.clone(), passphrase)?;
    let opened = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(file);
    let mut out = BufWriter::new(opened.with_context(cant_write)?);
    while let Some(lines) = export.next().await? {
        out.write_all(lines.as_bytes()).with_context(cant_write)?;
    }
    out.into_inner()
        .map_err(std::io::IntoInnerError::into_error)
        .and_then(|out| out.sync_all())
        .with_context(cant_write)?;
    Ok(export.counts())
}

fn partial(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".partial");
    name.into()
}

fn told(counts: Counts) -> String {
    let Counts { settings, groups, sub_groups, keys, .. } = counts;
    format!("{groups} groups, {sub_groups} links to sub-groups, {keys} keys, {settings} settings")
}
