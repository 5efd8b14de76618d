//! A value that is made anew whenever what it is made of has changed, and read by everybody through one atomic pointer.

use std::sync::Arc;

use crate::sync::{ArcSwap, AsyncMutex};

/// The value, for the one who makes it.
pub struct Latest<T> {
    current: Arc<ArcSwap<T>>,
    /// Two makers at once could publish the older state last.
    turn: AsyncMutex<()>,
}

impl<T> Latest<T> {
    /// Publishes into `current`.
    pub fn new(current: Arc<ArcSwap<T>>) -> Self {
        Self { current, turn: AsyncMutex::new(()) }
    }

    /// The value in force.
    pub fn current(&self) -> Arc<T> {
        self.current.load_full()
    }

    /// Makes the value anew. When this returns, one is in force that knows all that had changed before the call.
    pub async fn renew<E>(&self, make: impl AsyncFnOnce() -> Result<T, E>) -> Result<(), E> {
        let _turn = self.turn.lock().await;
        self.current.store(Arc::new(make().await?));
        Ok(())
    }
}
