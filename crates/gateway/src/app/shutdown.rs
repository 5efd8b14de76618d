//! The end of the program, in order: no new connections, running requests and streams finish, the log is flushed, the database closed.

use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};

use super::App;

/// Of the time given for a shutdown, what is kept for writing down what is left.
const FLUSH_RESERVE: Duration = Duration::from_secs(5);

/// Exit code after a second signal, as shells give it for an interrupted program.
const INTERRUPTED: i32 = 130;

impl App {
    /// Runs until SIGTERM or SIGINT, then stops; a second signal ends the process at once.
    pub(super) async fn run_until(self, mut told: Told) {
        told.next().await;
        tokio::select! {
            () = self.stop() => {}
            () = told.next() => {
                tracing::warn!("told twice to stop: ending at once");
                std::process::exit(INTERRUPTED);
            }
        }
    }

    async fn stop(self) {
        let server = &self.setup.config.server;
        let patience = server.shutdown_timeout.saturating_sub(FLUSH_RESERVE).max(FLUSH_RESERVE);
        tracing::info!(requests_get = ?patience, "stopping");
        self.not_ready.cancel();
        tokio::time::sleep(server.drain_delay).await;
        self.stop_accepting.cancel();
        self.drain.cancel();
        let finished = tokio::task::spawn_blocking({
            let workers = self.workers;
            move || workers.into_iter().all(|worker| worker.join().is_ok())
        });
        let mut finished = std::pin::pin!(finished);
        if tokio::time::timeout(patience, &mut finished).await.is_err() {
            tracing::warn!("requests still running are cut off");
            self.journal.cut_off();
            self.stop_workers.cancel();
            let _ = finished.await;
        }
        // First into the spool: there it is safe, and the last turn of the storing job finds all of it.
        self.journal.drain();
        self.stop_control.cancel();
        self.jobs.close();
        let written_down = async {
            self.jobs.wait().await;
            self.foundation.db.close().await;
        };
        if tokio::time::timeout(FLUSH_RESERVE, written_down).await.is_err() {
            tracing::warn!("the database is slow or away: the rest of the log stays in the spool until the next start");
        }
        tracing::info!("stopped");
    }
}

/// The signals that ask for the end.
pub(super) struct Told {
    terminate: Signal,
    interrupt: Signal,
}

impl Told {
    /// From now on they no longer end the process by themselves.
    pub(super) fn listen() -> std::io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
