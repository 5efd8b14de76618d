//! A start as root that is to be no root's: in a container, whose data folder may be a volume that root has made.

use std::fs;
use std::io;
use std::os::unix::fs::lchown;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, bail};
use rustix::process::getuid;

use super::environment::RUN_AS;

/// Where the program's files are, unless they are somewhere else altogether.
const DATA_DIR: &str = "data";

/// Gives the data folder to the user that `RUN_AS` names and goes on as that user, by starting anew in the same process. Does nothing for a user
/// other than root, or if `RUN_AS` is not set.
pub fn drop_root() -> anyhow::Result<()> {
    let Some(wanted) = std::env::var_os(RUN_AS.name).filter(|wanted| !wanted.is_empty()) else { return Ok(()) };
    if !getuid().is_root() {
        return Ok(());
    }
    let (uid, gid) = wanted.to_str().and_then(parse).with_context(|| {
        format!("{}: {} is not UID:GID, two numbers of which the first is not 0", RUN_AS.name, wanted.display())
    })?;
    fs::create_dir_all(DATA_DIR).with_context(|| format!("the folder {DATA_DIR} can't be made"))?;
    give(Path::new(DATA_DIR), uid, gid)
        .with_context(|| format!("the folder {DATA_DIR} can't be given to {uid}:{gid}"))?;
    let mut arguments = std::env::args_os();
    let name = arguments.next().context("this program does not know its own name")?;
    let program = std::env::current_exe().context("this program can't be found")?;
    let error = Command::new(program).arg0(name).args(arguments).uid(uid).gid(gid).exec();
    bail!("this program can't go on as {uid}:{gid}: {error}")
}

fn parse(wanted: &str) -> Option<(u32, u32)> {
    let (uid, gid) = wanted.split_once(':')?;
    let (uid, gid) = (uid.parse().ok()?, gid.parse().ok()?);
    // Who would go on as root would come here again.
    (uid != 0).then_some((uid, gid))
}

/// Everything in a folder, and itself. Links are given, not what they lead to.
fn give(path: &Path, uid: u32, gid: u32) -> io::Result<()> {
    lchown(path, Some(uid), Some(gid))?;
    if fs::symlink_metadata(path)?.is_dir() {
        for entry in fs::read_dir(path)? {
            give(&entry?.path(), uid, gid)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_two_numbers_name_a_user_and_root_is_none() {
        assert_eq!(parse("10001:10002"), Some((10001, 10002)));
        for wrong in ["", "10001", "0:0", "0:10", "user:group", "1:2:3", "-1:5", "1: 2"] {
            assert_eq!(parse(wrong), None, "{wrong:?}");
        }
    }
}
