//! `gpt-load upgrade`: has the server of this configuration replace itself by the program as it is now, and waits for that.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::process::ExitCode;
use std::thread::sleep;
use std::time::Duration;

use anyhow::{Context, bail};
use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use storage::lock::DirLock;

use super::FAILURE_FILE;
use crate::offline::say;
use crate::{complain, config};

/// How often is looked what has become of it.
const LOOK: Duration = Duration::from_millis(100);

/// Asks and waits. Exit code 0: a new process serves; 1: the old one goes on, or there is none.
pub fn run() -> ExitCode {
    let data_dir = config::from_process().config.data_dir;
    match replace(&data_dir) {
        Ok(pid) => {
            say(&format!("process {pid} serves now; the one before it ends with its last stream"));
            ExitCode::SUCCESS
        }
        Err(error) => complain(&format!("{error:#}"), 1),
    }
}

fn replace(data_dir: &Path) -> anyhow::Result<u32> {
    let holder = || DirLock::holder(data_dir).with_context(|| format!("{} can't be read", data_dir.display()));
    let Some(old) = holder()? else { bail!("no server runs on the data directory {}", data_dir.display()) };
    let pid = i32::try_from(old).ok().and_then(Pid::from_raw).context("the lock file names no process")?;
    let failure = data_dir.join(FAILURE_FILE);
    forget(&failure)?;
    kill_process(pid, Signal::USR2).with_context(|| format!("process {old} can't be signalled"))?;
    loop {
        sleep(LOOK);
        match holder()? {
            Some(new) if new != old => return Ok(new),
            _ => {}
        }
        match fs::read_to_string(&failure) {
            Ok(why) if why.ends_with('\n') => bail!("{}", why.trim_end()),
            _ => {}
        }
        test_kill_process(pid).with_context(|| format!("process {old} has ended"))?;
    }
}

/// Notes for [`run`] why process that was asked goes on.
pub fn note_failure(data_dir: &Path, why: &str) {
    if let Err(error) = fs::write(data_dir.join(FAILURE_FILE), format!("{why}\n")) {
        tracing::warn!(%error, "why the upgrade failed can't be noted");
    }
}

fn forget(failure: &Path) -> anyhow::Result<()> {
    match fs::remove_file(failure) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(error).with_context(|| format!("{} can't be removed", failure.display()))
        }
        _ => Ok(()),
    }
}
