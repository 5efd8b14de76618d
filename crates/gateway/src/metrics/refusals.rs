//! Requests that are turned away before they have a log entry: no such group, no valid proxy key, a bad path, too many at once.

use std::sync::atomic::{AtomicU64, Ordering};

use http::StatusCode;

use super::text::{Kind, Text, number};

/// The statuses with which that is done.
const STATUSES: [u16; 4] = [400, 401, 404, 503];

/// How many there were of each.
#[derive(Debug, Default)]
pub struct Refusals([AtomicU64; STATUSES.len()]);

impl Refusals {
    /// One more.
    pub fn count(&self, status: StatusCode) {
        let place = STATUSES.iter().position(|known| *known == status.as_u16());
        if let Some(count) = place.and_then(|place| self.0.get(place)) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Tells of them.
    pub fn tell(&self, text: &mut Text) {
        let help = "Requests turned away at the door, which leave no row in the log: 404 no such group, 401 no valid proxy key, \
            400 a bad path, 503 MAX_CONCURRENT_REQUESTS.";
        text.family("gpt_load_refused_requests_total", Kind::Counter, help);
        for (status, count) in STATUSES.iter().zip(&self.0) {
            text.sample(&[("status", &status.to_string())], number(count.load(Ordering::Relaxed)));
        }
    }
}
