//! Counting requests that are under way: per connection (is it idle?), per worker (who is least busy?) and in all (is there room?).

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A number of things that are going on.
#[derive(Clone, Debug, Default)]
pub struct Count(Arc<AtomicUsize>);

impl Count {
    /// The number now.
    #[must_use]
    pub fn get(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }

    /// One more, until the returned guard is dropped.
    #[must_use]
    pub fn enter(&self) -> Entered {
        self.0.fetch_add(1, Ordering::Relaxed);
        Entered(self.clone())
    }

    /// One more, unless there are `limit` already. 0 is no limit.
    #[must_use]
    pub fn enter_below(&self, limit: usize) -> Option<Entered> {
        let entered = self.enter();
        (limit == 0 || self.get() <= limit).then_some(entered)
    }
}

/// Counts for one as long as it lives.
#[derive(Debug)]
pub struct Entered(Count);

impl Drop for Entered {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// What a request holds on to until the last byte of its response is gone.
#[derive(Debug)]
pub struct InFlight {
    _connection: Entered,
    _worker: Entered,
}

impl InFlight {
    /// A request that has just begun.
    #[must_use]
    pub fn begin(connection: &Count, worker: &Count) -> Self {
        Self { _connection: connection.enter(), _worker: worker.enter() }
    }
}

#[cfg(test)]
mod tests {
    use super::Count;

    #[test]
    fn counts_until_dropped_and_refuses_above_the_limit() {
        let count = Count::default();
        let first = count.enter_below(1);
        assert!(first.is_some() && count.enter_below(1).is_none());
        assert_eq!(count.get(), 1);
        assert!(count.enter_below(0).is_some(), "0 is no limit");
        drop(first);
        assert_eq!(count.get(), 0);
    }
}
