//! A gate in a script: the provider waits in front of it until the test lets it through, so that no test sleeps for luck.

use std::sync::Arc;

use tokio::sync::{Semaphore, watch};

use crate::wait::within;

/// Closed when made. Clones are the same gate.
#[derive(Clone, Debug)]
pub struct Gate(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    passes: Semaphore,
    arrived: watch::Sender<usize>,
}

impl Default for Gate {
    fn default() -> Self {
        Self(Arc::new(Inner { passes: Semaphore::new(0), arrived: watch::Sender::new(0) }))
    }
}

impl Gate {
    /// Lets `count` arrivals through, those waiting first.
    pub fn release(&self, count: usize) {
        self.0.passes.add_permits(count);
    }

    /// Lets everything through from now on.
    pub fn open(&self) {
        self.0.passes.close();
    }

    /// Waits until the gate has been reached `count` times since it was made.
    pub async fn reached(&self, count: usize) {
        let mut arrived = self.0.arrived.subscribe();
        within(&format!("arrival {count} at a gate"), arrived.wait_for(|n| *n >= count))
            .await
            .expect("the gate holds the sender");
    }

    pub(crate) async fn pass(&self) {
        self.0.arrived.send_modify(|n| *n += 1);
        // A closed semaphore is an open gate.
        if let Ok(permit) = self.0.passes.acquire().await {
            permit.forget();
        }
    }
}
