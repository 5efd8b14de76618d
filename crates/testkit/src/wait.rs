//! Waiting for a condition, never for a time: every wait ends with a value or with a panic that tells what was expected.

use std::fmt::Debug;
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};

/// After this long a wait has failed. Far above what any step needs, so that a busy machine fails no test.
pub const LIMIT: Duration = Duration::from_secs(30);

/// Between two looks at a condition that cannot announce itself.
const POLL: Duration = Duration::from_millis(20);

/// The future's value, or a panic naming `what` after [`LIMIT`].
pub async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    timeout(LIMIT, future).await.unwrap_or_else(|_| panic!("waited {LIMIT:?} in vain for {what}"))
}

/// What a look at a condition may yield: `bool`, `Option<T>`, or `Result<T, E>` whose error is shown when time runs out.
pub trait Observed {
    /// What the wait returns once the condition holds.
    type Value;

    /// The value if the condition holds, else what was seen instead.
    fn observed(self) -> Result<Self::Value, String>;
}

impl Observed for bool {
    type Value = ();

    fn observed(self) -> Result<(), String> {
        self.then_some(()).ok_or_else(|| "it does not hold".to_owned())
    }
}

impl<T> Observed for Option<T> {
    type Value = T;

    fn observed(self) -> Result<T, String> {
        self.ok_or_else(|| "nothing yet".to_owned())
    }
}

impl<T, E: Debug> Observed for Result<T, E> {
    type Value = T;

    fn observed(self) -> Result<T, String> {
        self.map_err(|seen| format!("{seen:?}"))
    }
}

/// Looks every 20 ms until the condition holds. Panics after [`LIMIT`] with `expected` and what was seen last.
pub async fn eventually<O: Observed>(expected: &str, look: impl AsyncFnMut() -> O) -> O::Value {
    eventually_in(LIMIT, expected, look).await
}

/// The same with more patience, for what takes its time by design.
pub async fn eventually_in<O: Observed>(limit: Duration, expected: &str, mut look: impl AsyncFnMut() -> O) -> O::Value {
    let deadline = Instant::now() + limit;
    loop {
        let seen = match within(expected, look()).await.observed() {
            Ok(value) => return value,
            Err(seen) => seen,
        };
        assert!(Instant::now() < deadline, "expected within {limit:?}: {expected}; seen last: {seen}");
        sleep(POLL).await;
    }
}

#[cfg(test)]
mod tests;
