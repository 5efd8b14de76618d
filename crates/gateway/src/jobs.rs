//! Background work: one job a file, all run by [`run`].

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

pub mod follow_nodes;
pub mod lead;
pub mod leading;
pub mod persist_keys;
pub mod retention;
pub mod share_tasks;
pub mod spool_logs;
pub mod store_left_behind;
pub mod store_logs;
pub mod tell_events;
pub mod tell_nodes;
pub mod validate_keys;
pub mod watch_database;

/// The first pause after a failed turn, doubled on repeats.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
/// The longest pause after failed turns: a database that is back is not to wait for us.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// How often a turn that goes on failing is said to.
const SAID_EVERY: Duration = Duration::from_secs(30);

/// How often the last turn is tried: a database may have chosen it as the victim of a deadlock.
const LAST_TURNS: usize = 3;

/// Something that is done again and again as long as the process lives.
pub trait Job: Send {
    /// What the log calls it.
    const NAME: &'static str;

    /// Waits until there is something to do.
    fn due(&mut self) -> impl Future<Output = ()> + Send;

    /// Does what there is to do. A turn that fails loses nothing: the next one takes up where it stopped.
    fn turn(&mut self) -> impl Future<Output = anyhow::Result<()>> + Send;

    /// What must not be left undone when the program stops: another turn, unless the job can wait for the next start.
    fn last_turn(&mut self) -> impl Future<Output = anyhow::Result<()>> + Send {
        self.turn()
    }
}

/// Runs a job until `stop`, and then its last turn, so that nothing is left undone.
pub async fn run<J: Job>(mut job: J, stop: CancellationToken) {
    let (mut pause, mut said) = (FIRST_PAUSE, None::<Instant>);
    while stop.run_until_cancelled(job.due()).await.is_some() {
        match unless_it_panics(job.turn()).await {
            Ok(()) => (pause, said) = (FIRST_PAUSE, None),
            Err(error) => {
                if said.is_none_or(|said| said.elapsed() >= SAID_EVERY) {
                    tracing::warn!(job = J::NAME, error = format!("{error:#}"), "turn failed and is tried again");
                    said = Some(Instant::now());
                }
                stop.run_until_cancelled(tokio::time::sleep(pause)).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
        }
    }
    for left in (0..LAST_TURNS).rev() {
        let Err(error) = unless_it_panics(job.last_turn()).await else { break };
        tracing::error!(job = J::NAME, error = format!("{error:#}"), left, "last turn failed");
        if left > 0 {
            tokio::time::sleep(FIRST_PAUSE).await;
        }
    }
}

/// A panic is a failed turn: it must not end the job for as long as the process lives.
async fn unless_it_panics(turn: impl Future<Output = anyhow::Result<()>>) -> anyhow::Result<()> {
    let outcome = AssertUnwindSafe(turn).catch_unwind().await;
    outcome.unwrap_or_else(|_| Err(anyhow::anyhow!("it panicked")))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    /// Fails until its third turn, and then stops, or is stopped already.
    struct FailsTwice {
        turns: Arc<AtomicUsize>,
        stop: CancellationToken,
    }

    impl Job for FailsTwice {
        const NAME: &'static str = "fails_twice";

        async fn due(&mut self) {}

        async fn turn(&mut self) -> anyhow::Result<()> {
            match self.turns.fetch_add(1, Ordering::Relaxed) {
                0 => anyhow::bail!("not yet"),
                1 => panic!("not yet either"),
                _ => {
                    self.stop.cancel();
                    Ok(())
                }
            }
        }
    }

    async fn turns_of(stop: CancellationToken) -> usize {
        let turns = Arc::new(AtomicUsize::new(0));
        run(FailsTwice { turns: Arc::clone(&turns), stop: stop.clone() }, stop).await;
        turns.load(Ordering::Relaxed)
    }

    #[tokio::test(start_paused = true)]
    async fn a_failed_turn_is_tried_again_and_the_last_one_is_always_made() {
        assert_eq!(turns_of(CancellationToken::new()).await, 4, "two failures, a success and the last turn");
    }

    #[tokio::test(start_paused = true)]
    async fn a_last_turn_that_fails_is_tried_again() {
        let stopped = CancellationToken::new();
        stopped.cancel();
        assert_eq!(turns_of(stopped).await, 3);
    }
}
