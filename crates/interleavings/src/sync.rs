//! loom's locks and atomics, and what is made of them.

use std::fmt;
use std::sync::{Arc, PoisonError};
use std::task::{Poll, Waker};

pub use loom::sync::{Mutex, MutexGuard, RwLock};

pub mod atomic;

use atomic::{AtomicUsize, Ordering};

/// In the place of `arc_swap::ArcSwap`.
pub struct ArcSwap<T> {
    current: AtomicUsize,
    /// All values there have been. No thread waits for this lock: it is held without anything happening in between.
    values: std::sync::Mutex<Vec<Arc<T>>>,
}

impl<T> ArcSwap<T> {
    /// A pointer to `value`.
    pub fn new(value: Arc<T>) -> Self {
        Self { current: AtomicUsize::new(0), values: std::sync::Mutex::new(vec![value]) }
    }

    /// The value.
    pub fn load(&self) -> Arc<T> {
        let current = self.current.load(Ordering::Acquire);
        Arc::clone(&self.values()[current])
    }

    /// The value.
    pub fn load_full(&self) -> Arc<T> {
        self.load()
    }

    /// Puts another value in its place.
    pub fn store(&self, value: Arc<T>) {
        let mut values = self.values();
        values.push(value);
        let last = values.len() - 1;
        drop(values);
        self.current.store(last, Ordering::Release);
    }

    fn values(&self) -> std::sync::MutexGuard<'_, Vec<Arc<T>>> {
        self.values.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T: Default> Default for ArcSwap<T> {
    fn default() -> Self {
        Self::new(Arc::default())
    }
}

impl<T> fmt::Debug for ArcSwap<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ArcSwap").finish_non_exhaustive()
    }
}

/// In the place of `tokio::sync::Notify`, for one waiter.
#[derive(Debug, Default)]
pub struct Notify(Mutex<Notice>);

#[derive(Debug, Default)]
struct Notice {
    given: bool,
    waiter: Option<Waker>,
}

impl Notify {
    /// No notice given.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Wakes the waiter, or the next one at once.
    pub fn notify_one(&self) {
        let mut notice = self.notice();
        notice.given = true;
        let waiter = notice.waiter.take();
        drop(notice);
        waiter.into_iter().for_each(Waker::wake);
    }

    /// Waits for a notice and uses it up.
    pub async fn notified(&self) {
        std::future::poll_fn(|cx| {
            let mut notice = self.notice();
            if std::mem::take(&mut notice.given) {
                return Poll::Ready(());
            }
            notice.waiter = Some(cx.waker().clone());
            Poll::Pending
        })
        .await;
    }

    fn notice(&self) -> MutexGuard<'_, Notice> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// In the place of `tokio::sync::Mutex`: whoever waits for it blocks its thread.
#[derive(Debug)]
pub struct AsyncMutex<T>(Mutex<T>);

impl<T> AsyncMutex<T> {
    /// An open lock.
    pub fn new(value: T) -> Self {
        Self(Mutex::new(value))
    }

    /// Takes the lock.
    #[expect(clippy::unused_async, reason = "as the one it stands for")]
    pub async fn lock(&self) -> MutexGuard<'_, T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
