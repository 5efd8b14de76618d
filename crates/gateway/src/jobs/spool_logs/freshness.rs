//! What is in the spool and not in the database yet, and who would like to see it there.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::time::timeout;

/// How long a reader waits for fresh rows.
const PATIENCE: Duration = Duration::from_millis(300);

/// Shared by those who spool, store and read the log.
#[derive(Debug, Default)]
pub struct Freshness {
    /// Records in the spool that the storing job has not seen.
    fresh: AtomicUsize,
    /// All records since the start.
    arrived: AtomicU64,
    is_storing: AtomicBool,
    wished: Notify,
    stored: watch::Sender<()>,
}

impl Freshness {
    /// Records that wait to be stored, about.
    #[must_use]
    pub fn records(&self) -> usize {
        self.fresh.load(Ordering::Relaxed)
    }

    /// Records that have come since the start, about: another number means that there are new ones.
    #[must_use]
    pub fn arrived(&self) -> u64 {
        self.arrived.load(Ordering::Relaxed)
    }

    /// So many more records are in the spool.
    pub fn add(&self, records: usize) {
        self.fresh.fetch_add(records, Ordering::Relaxed);
        self.arrived.fetch_add(records as u64, Ordering::Relaxed);
    }

    /// The storing job is about to look at all there is.
    pub fn begin(&self) {
        self.is_storing.store(true, Ordering::Release);
        self.fresh.store(0, Ordering::Relaxed);
    }

    /// The storing job has stored all that it saw. If it could not, it is to look again.
    pub fn end(&self, is_stored: bool) {
        self.fresh.fetch_add(usize::from(!is_stored), Ordering::Relaxed);
        self.is_storing.store(false, Ordering::Release);
        self.stored.send_replace(());
    }

    /// Has what is in the spool stored before its time, and waits for that as long as somebody who looks on can wait.
    pub async fn store_now(&self) {
        let mut stored = self.stored.subscribe();
        if self.records() == 0 && !self.is_storing.load(Ordering::Acquire) {
            return;
        }
        self.wished.notify_one();
        let _ = timeout(PATIENCE, stored.changed()).await;
    }

    /// Waits until somebody wishes to see what is in the spool.
    pub async fn wished(&self) {
        self.wished.notified().await;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn who_reads_waits_for_what_is_fresh_and_no_longer_than_can_be() {
        let (freshness, begin) = (Arc::new(Freshness::default()), tokio::time::Instant::now());
        freshness.store_now().await;
        assert_eq!(begin.elapsed(), Duration::ZERO, "there is nothing to wait for");
        freshness.add(1);
        freshness.store_now().await;
        assert_eq!(begin.elapsed(), PATIENCE, "nobody stores");
        let storing = async {
            freshness.wished().await;
            freshness.begin();
            tokio::time::sleep(Duration::from_millis(5)).await;
            freshness.end(true);
        };
        tokio::join!(freshness.store_now(), storing);
        assert_eq!((begin.elapsed(), freshness.records()), (PATIENCE + Duration::from_millis(5), 0));
        freshness.end(false);
        assert_eq!(freshness.records(), 1, "it is to be tried again");
    }
}
