//! The end of the program, in order: no new connections, running requests and streams finish, the log is flushed, the database closed.
//!
//! Or its end in favour of a successor that serves already: then nothing is closed that a client may still use, and what is under way has
//! all the time it needs.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use anyhow::{Context, ensure};
use storage::Dsn;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use super::{App, service_manager};
use crate::server::succession::NoChanges;
use crate::tasks::Hold;
use crate::upgrade::{command, successor};

/// Of the time given for a shutdown, what is kept for writing down what is left.
const FLUSH_RESERVE: Duration = Duration::from_secs(5);
/// How long a server that has a successor stays for its last requests, at most.
const LONGEST_STAY: Duration = Duration::from_secs(3600);

/// How long a successor's start waits for changes that are under way.
const PATIENCE_WITH_CHANGES: Duration = Duration::from_secs(30);

/// Exit code after a second signal, as shells give it for an interrupted program.
const INTERRUPTED: i32 = 130;

/// A process that serves in place of this one.
struct Successor {
    pid: u32,
    /// Keep operators' changes and tasks from being begun here.
    no_changes: NoChanges,
    _no_tasks: Hold,
}

impl App {
    /// Runs until SIGTERM or SIGINT, then stops; or until SIGUSR2, if a successor can be started then. A second signal ends the process at
    /// once.
    pub(super) async fn run_until(self, mut told: Told) {
        loop {
            match told.next().await {
                Order::Stop => break,
                Order::Replace => tokio::select! {
                    successor = self.replace() => if let Some(successor) = successor {
                        return self.leave(successor, told).await;
                    },
                    () = told.stop() => break,
                },
            }
        }
        unless_told_again(&mut told, self.stop()).await;
    }

    /// Has a new process take over. `None`: it could not, and this one goes on.
    async fn replace(&self) -> Option<Successor> {
        tracing::info!("a new process is to take over");
        match self.start_successor().await {
            Ok(successor) => Some(successor),
            Err(error) => {
                let why = format!("not replaced, this server goes on: {error:#}");
                tracing::error!("{why}");
                command::note_failure(&self.setup.config.data_dir, &why);
                None
            }
        }
    }

    async fn start_successor(&self) -> anyhow::Result<Successor> {
        let is_first = std::process::id() == 1;
        ensure!(!is_first, "a container ends with its first process: start a container of the new image instead");
        ensure!(!matches!(self.setup.dsn, Dsn::Memory), "a database in memory ends with its process");
        let no_changes = timeout(PATIENCE_WITH_CHANGES, self.succession.hold_changes()).await;
        let no_changes = no_changes.context("an operator's change is under way, and takes long")?;
        let no_tasks = self.operator_tasks.hold().context("a task runs, which would be broken off")?;
        let lock = self.foundation.db.share_data_dir()?.context("the data directory is not held")?;
        let listener = self.listener.as_ref().context("the listener is closed")?;
        Ok(Successor { pid: successor::start(listener, &lock).await?, no_changes, _no_tasks: no_tasks })
    }

    /// Finishes what has been begun, and leaves everything else to the successor.
    async fn leave(mut self, successor: Successor, mut told: Told) {
        let pid = successor.pid;
        tracing::info!(successor = pid, "replaced: what is under way is finished");
        service_manager::main_process_is(pid);
        self.forward_to_successor();
        drop(successor.no_changes);
        self.leaving.begin();
        self.stop_accepting();
        self.stop_background.cancel();
        self.foundation.db.leave_data_dir();
        let mut workers = self.workers_ended();
        let all_ended = tokio::select! {
            _ = &mut workers => true,
            () = told.stop() => false,
            () = sleep(LONGEST_STAY) => false,
        };
        let ending = async {
            if !all_ended {
                self.drain(workers).await;
            }
            self.flush().await;
        };
        unless_told_again(&mut told, ending).await;
    }

    pub(super) async fn stop(mut self) {
        tracing::info!(requests_get = ?self.patience(), "stopping");
        service_manager::stopping();
        self.leaving.begin();
        sleep(self.setup.config.server.drain_delay).await;
        self.stop_accepting();
        let workers = self.workers_ended();
        self.drain(workers).await;
        self.flush().await;
    }

    fn patience(&self) -> Duration {
        self.setup.config.server.shutdown_timeout.saturating_sub(FLUSH_RESERVE).max(FLUSH_RESERVE)
    }

    fn stop_accepting(&mut self) {
        self.stop_accepting.cancel();
        self.listener.take();
    }

    /// What concerns the control plane is the successor's matter from now on.
    fn forward_to_successor(&self) {
        let address = self.listener.as_ref().and_then(|listener| listener.local_addr().ok());
        if let Some(address) = address {
            self.succession.goes_to(reachable(address));
        } else {
            tracing::warn!("the successor's address is not known: this server answers its console itself");
        }
    }

    fn workers_ended(&mut self) -> JoinHandle<bool> {
        let workers = std::mem::take(&mut self.workers);
        tokio::task::spawn_blocking(move || workers.into_iter().all(|worker| worker.join().is_ok()))
    }

    /// Closes connections that are idle, and those that are not when their time is over.
    async fn drain(&self, mut workers: JoinHandle<bool>) {
        self.drain.cancel();
        if timeout(self.patience(), &mut workers).await.is_err() {
            tracing::warn!("requests still running are cut off");
            self.journal.cut_off();
            self.stop_workers.cancel();
            let _ = workers.await;
        }
    }

    async fn flush(self) {
        // First into the spool: there it is safe, and the last turn of the storing job finds all of it.
        self.journal.drain();
        self.stop_control.cancel();
        self.jobs.close();
        let written_down = async {
            self.jobs.wait().await;
            self.foundation.db.close().await;
        };
        if timeout(FLUSH_RESERVE, written_down).await.is_err() {
            tracing::warn!("the database is slow or away: the rest of the log stays in the spool until the next start");
        }
        tracing::info!("stopped");
    }
}

/// Where this machine reaches who listens on `address`.
fn reachable(mut address: SocketAddr) -> SocketAddr {
    match address.ip() {
        IpAddr::V4(all) if all.is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(all) if all.is_unspecified() => address.set_ip(Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    address
}

async fn unless_told_again(told: &mut Told, ending: impl Future<Output = ()>) {
    tokio::select! {
        () = ending => {}
        () = told.stop() => {
            tracing::warn!("told twice to stop: ending at once");
            std::process::exit(INTERRUPTED);
        }
    }
}

/// What a signal asks for.
enum Order {
    /// The end.
    Stop,
    /// A successor.
    Replace,
}

/// The signal that asks for a successor: kept until the start is over, for it would end the process by itself.
pub(super) fn replace_signal() -> std::io::Result<Signal> {
    signal(SignalKind::user_defined2())
}

/// The signals that are listened to.
pub(super) struct Told {
    terminate: Signal,
    interrupt: Signal,
    replace: Signal,
}

impl Told {
    /// From now on they no longer end the process by themselves. `replace` is [`replace_signal`]'s.
    pub(super) fn listen(replace: Signal) -> std::io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())?, replace })
    }

    async fn next(&mut self) -> Order {
        tokio::select! {
            _ = self.terminate.recv() => Order::Stop,
            _ = self.interrupt.recv() => Order::Stop,
            _ = self.replace.recv() => Order::Replace,
        }
    }

    /// Waits for the order to end; another one comes too late.
    async fn stop(&mut self) {
        while matches!(self.next().await, Order::Replace) {}
    }
}
