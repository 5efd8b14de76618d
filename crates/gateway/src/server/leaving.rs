//! That the server is about to go. It still answers whoever comes, but tells clients to come on another connection the next time.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio_util::sync::CancellationToken;

/// Whether the server is about to go. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Leaving {
    /// The same as the token says: looked at for every request, which the token's lock is too dear for.
    flag: Arc<AtomicBool>,
    token: CancellationToken,
}

impl Leaving {
    /// From now on.
    pub fn begin(&self) {
        self.flag.store(true, Ordering::Relaxed);
        self.token.cancel();
    }

    /// Whether it is.
    #[must_use]
    pub fn has_begun(&self) -> bool {
        self.flag.load(Ordering::Relaxed)
    }

    /// Cancelled when it begins.
    #[must_use]
    pub fn token(&self) -> &CancellationToken {
        &self.token
    }
}
