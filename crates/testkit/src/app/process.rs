//! The child process: started in its folder, its output collected, its address found there.

use std::io::{BufRead as _, BufReader, Read};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use super::{Setup, StartFailure};
use crate::wait::eventually;

const ANNOUNCEMENT: &str = "listening on http://";

/// A running child. Killed when dropped.
#[derive(Debug)]
pub(super) struct Process {
    child: Child,
    output: Arc<Mutex<String>>,
    readers: Vec<thread::JoinHandle<()>>,
    /// The process that has taken the child's place, if one has.
    successor: Option<u32>,
}

/// A process that has been replaced.
#[derive(Clone, Copy, Debug)]
pub struct Former(u32);

impl Former {
    /// Its process id.
    pub fn pid(self) -> u32 {
        self.0
    }

    /// Whether it still runs.
    pub fn runs(self) -> bool {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.0)).unwrap_or_default();
        // The state of one that nobody has waited for yet is Z.
        stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with(['Z', 'X']))
    }

    /// Waits until it has ended.
    pub async fn ended(self) {
        eventually(&format!("the end of process {}", self.0), async || !self.runs()).await;
    }
}

impl Process {
    /// Starts the program on this port and waits for its address.
    pub(super) async fn start(setup: &Setup, dir: &Path, port: u16) -> Result<(Self, SocketAddr), StartFailure> {
        let mut command = Command::new(&setup.binary);
        command.args(&setup.args).current_dir(dir).env_clear();
        for kept in ["PATH", "LLVM_PROFILE_FILE"] {
            command.envs(std::env::var(kept).map(|value| (kept, value)));
        }
        command.env("PORT", port.to_string()).envs(setup.env.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = command.spawn().unwrap_or_else(|error| panic!("cannot start {}: {error}", setup.binary.display()));
        let mut process = Self::collecting(child);
        let outcome = eventually("the program to listen or end", async || process.started()).await;
        outcome.map(|addr| (process, addr))
    }

    fn collecting(mut child: Child) -> Self {
        let output = Arc::<Mutex<String>>::default();
        let stdout = child.stdout.take().expect("stdout is piped");
        let stderr = child.stderr.take().expect("stderr is piped");
        let readers = vec![collect(stdout, &output), collect(stderr, &output)];
        Self { child, output, readers, successor: None }
    }

    /// The address, or how it failed; an error with the output while neither is known.
    fn started(&mut self) -> Result<Result<SocketAddr, StartFailure>, String> {
        if let Some(addr) = announced(&self.output()) {
            return Ok(Ok(addr));
        }
        let Some(status) = self.child.try_wait().expect("the child can be asked") else { return Err(self.output()) };
        for reader in self.readers.drain(..) {
            reader.join().expect("a reader only reads");
        }
        Ok(Err(StartFailure { status, output: self.output() }))
    }

    pub(super) fn pid(&self) -> u32 {
        self.successor.unwrap_or_else(|| self.child.id())
    }

    /// From now on `pid` is the process that is meant.
    pub(super) fn is_replaced_by(&mut self, pid: u32) -> Former {
        let former = Former(self.pid());
        self.successor = Some(pid);
        former
    }

    pub(super) fn output(&self) -> String {
        self.output.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// `SIGKILL`, unless it has ended.
    pub(super) fn kill(&mut self) {
        if self.successor.is_some() {
            self.signal("KILL");
        } else {
            self.child.kill().expect("a child may be killed");
        }
    }

    /// Sends a signal by its name, unless it has ended: its id may be another's then.
    pub(super) fn signal(&mut self, name: &str) {
        let has_ended = self.child.try_wait().expect("the child can be asked").is_some();
        if self.successor.is_some_and(|pid| Former(pid).runs()) || self.successor.is_none() && !has_ended {
            let sent = Command::new("kill").args(["-s", name, &self.pid().to_string()]).status();
            sent.expect("the kill command is there");
        }
    }

    /// Waits for the end of the one that is meant, and of the child.
    pub(super) async fn wait_exit(&mut self) -> ExitStatus {
        if let Some(pid) = self.successor {
            Former(pid).ended().await;
        }
        let expected = format!("the end of process {}", self.pid());
        eventually(&expected, async || self.child.try_wait().expect("the child can be asked")).await
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if self.successor.is_some() {
            self.signal("KILL");
        }
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if thread::panicking() {
            show(&self.output());
        }
    }
}

#[expect(clippy::print_stderr, reason = "what the program said belongs to the message of the failed test")]
fn show(output: &str) {
    eprintln!("--- output of the program ---\n{output}---");
}

/// Lines as they come, both streams into one text.
fn collect(stream: impl Read + Send + 'static, output: &Arc<Mutex<String>>) -> thread::JoinHandle<()> {
    let output = Arc::clone(output);
    thread::spawn(move || {
        let mut lines = BufReader::new(stream);
        let mut line = Vec::new();
        while let Ok(1..) = lines.read_until(b'\n', &mut line) {
            output.lock().unwrap_or_else(PoisonError::into_inner).push_str(&String::from_utf8_lossy(&line));
            line.clear();
        }
    })
}

fn announced(output: &str) -> Option<SocketAddr> {
    let (_, rest) = output.split_once(ANNOUNCEMENT)?;
    let end = rest.find(|c: char| !c.is_ascii_digit() && !".:[]".contains(c))?;
    rest[..end].trim_end_matches('.').parse().ok()
}
