//! Clients that call at a steady rate, whatever becomes of their calls.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use testkit::http::{Connection, Request};
use tokio::task::JoinSet;

/// Requests a second in most storms.
pub(crate) const RATE: u32 = 300;

/// One request and its answers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sample {
    /// When it was sent.
    pub(crate) at: Instant,
    /// When its answer was there.
    pub(crate) done: Instant,
    /// Whether that was a 200.
    pub(crate) good: bool,
}

/// Connections that are kept between requests.
#[derive(Clone, Default)]
pub(crate) struct Load(Arc<Mutex<Vec<Connection>>>);

impl Load {
    /// Sends the request so many times a second for so long, and waits for the last answer.
    pub(crate) async fn run(&self, request: &Request, rate: u32, length: Duration) -> Vec<Sample> {
        let mut calls = JoinSet::new();
        let end = Instant::now() + length;
        let mut beat = tokio::time::interval(Duration::from_secs(1) / rate);
        while Instant::now() < end {
            beat.tick().await;
            let (load, request) = (self.clone(), request.clone());
            calls.spawn(async move { load.call(&request).await });
        }
        let mut samples = calls.join_all().await;
        samples.sort_by_key(|sample| sample.at);
        samples
    }

    async fn call(&self, request: &Request) -> Sample {
        let at = Instant::now();
        let idle = self.0.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let response = match idle {
            Some(connection) => connection.request(request).await,
            None => request.try_send().await,
        };
        let finished = match response {
            Ok(response) => response.finish().await.ok(),
            Err(_) => None,
        };
        let good = finished.as_ref().is_some_and(|(reply, _)| reply.status == 200);
        if let Some((_, connection)) = finished {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
        }
        Sample { at, done: Instant::now(), good }
    }
}

/// The share of good answers; 1 of none.
pub(crate) fn success(samples: &[Sample]) -> f64 {
    if samples.is_empty() {
        return 1.0;
    }
    let good = samples.iter().filter(|sample| sample.good).count();
    ratio(good as u64, samples.len() as u64)
}

#[expect(clippy::cast_precision_loss, reason = "thousands")]
pub(crate) fn ratio(part: u64, whole: u64) -> f64 {
    part as f64 / whole.max(1) as f64
}

/// From `start` to when the first good answer was there; the whole time if there was none.
pub(crate) fn first_success(samples: &[Sample], start: Instant) -> f64 {
    let good = samples.iter().filter(|sample| sample.good && sample.at >= start);
    good.map(|sample| (sample.done - start).as_secs_f64()).fold(f64::INFINITY, f64::min)
}

/// From `start` to when the last request was sent that failed; 0 if none did.
pub(crate) fn last_failure(samples: &[Sample], start: Instant) -> f64 {
    let bad = samples.iter().filter(|sample| !sample.good && sample.at >= start);
    bad.map(|sample| (sample.at - start).as_secs_f64()).fold(0.0, f64::max)
}
