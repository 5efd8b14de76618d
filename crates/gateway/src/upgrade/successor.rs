//! The old program's view of the one that takes its place.

use std::net::TcpListener;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream as StdUnixStream;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::net::UnixStream;
use tokio::process::{Child, Command};
use tokio::time::timeout;

use super::line::{self, READY};

/// How long the new program may take until it serves: it may have a database to migrate and keys to load.
const PATIENCE: Duration = Duration::from_secs(300);
/// Of what it says when it fails.
const LONGEST_REASON_BYTES: u64 = 64 << 10;

/// Starts the program that this one was started as, and waits until it serves; returns its process id. An error says why it does not; it
/// has ended then.
///
/// To be called from a thread that is not nicer than others: the new process would be so, too.
pub async fn start(listener: &TcpListener, lock: &OwnedFd) -> anyhow::Result<u32> {
    let (ours, theirs) = StdUnixStream::pair()?;
    let mut candidate = Candidate { child: spawn(theirs)?, serves: false };
    let pid = candidate.child.id().context("the new program has ended at once")?;
    // One that has ended already takes nothing: how it ended says more.
    let _ = line::give(&ours, listener.as_fd(), lock.as_fd());
    ours.set_nonblocking(true)?;
    let outcome = timeout(PATIENCE, outcome(&mut candidate.child, UnixStream::from_std(ours)?)).await;
    outcome.unwrap_or_else(|_| bail!("the new program did not serve within {} s", PATIENCE.as_secs()))?;
    candidate.serves = true;
    Ok(pid)
}

/// A new process, which whoever stops waiting for it ends.
struct Candidate {
    child: Child,
    serves: bool,
}

impl Drop for Candidate {
    fn drop(&mut self) {
        if !self.serves {
            // It may have ended by itself.
            let _ = self.child.start_kill();
        }
    }
}

/// Waits until it serves or has ended.
async fn outcome(child: &mut Child, socket: UnixStream) -> anyhow::Result<()> {
    let (mut said, mut socket) = (String::new(), BufReader::new(socket.take(LONGEST_REASON_BYTES)));
    // A connection that is reset has an end like another one.
    let _ = socket.read_line(&mut said).await;
    if said == READY {
        return Ok(());
    }
    let _ = socket.read_to_string(&mut said).await;
    let status = child.wait().await?;
    ensure!(!said.is_empty(), "the new program ended without a word ({status})");
    bail!("the new program can't serve: {}", said.trim_end())
}

/// By the name that this program was called by, which may stand for another file by now.
fn spawn(stdin: StdUnixStream) -> anyhow::Result<Child> {
    let program = std::env::args_os().next().context("this program does not know its own name")?;
    let mut command = Command::new(&program);
    command.args(["serve", "--takeover"]).stdin(Stdio::from(OwnedFd::from(stdin)));
    command.spawn().with_context(|| format!("{} can't be started", program.display()))
}
