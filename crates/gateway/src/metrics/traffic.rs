//! Requests and their attempts, by group. They are counted from log entries, by whoever takes these to the spool: a request's own thread
//! does nothing for it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::classify::Outcome;
use domain::ids::GroupId;

use super::histogram::Histogram;
use super::text::{Kind, Text, number};
use crate::journal::{Entry, Sink};

/// What `outcome` says, in the order in which it is counted.
const OUTCOMES: [&str; 9] = [
    "ok",
    "upstream_failed",
    "rate_limited",
    "key_refused",
    "key_doubtful",
    "client_error",
    "cut_short",
    "client_gone",
    "unserved",
];
/// What `attempt` says.
const ATTEMPTS: [&str; 5] = ["1", "2", "3", "4", "5+"];

/// The counts of all groups.
#[derive(Debug, Default)]
pub struct Traffic(Mutex<HashMap<GroupId, Group>>);

/// The counts of one group.
#[derive(Clone, Debug, Default)]
struct Group {
    /// Requests that named it.
    requests: [u64; OUTCOMES.len()],
    /// Attempts with its keys.
    attempts: [[u64; ATTEMPTS.len()]; OUTCOMES.len()],
    /// To the last byte, of requests that named it.
    durations: Histogram,
    /// The same, of streams.
    stream_durations: Histogram,
    /// To the first byte of the answer.
    first_bytes: Histogram,
}

/// Counts entries on their way to a sink.
pub struct Counted<S> {
    /// Where they are counted.
    pub traffic: Arc<Traffic>,
    /// Where they go.
    pub sink: S,
}

impl<S: Sink> Sink for Counted<S> {
    fn store(&self, entries: Vec<Entry>) {
        self.traffic.count(&entries);
        self.sink.store(entries);
    }
}

impl Traffic {
    pub(super) fn count(&self, entries: &[Entry]) {
        let mut groups = self.groups();
        for entry in entries {
            let outcome = place_of(entry.outcome);
            if entry.key.is_some() {
                groups.entry(entry.group.id).or_default().count_attempt(outcome, entry.attempt);
            }
            if !entry.is_retry {
                let named = entry.parent.as_ref().unwrap_or(&entry.group);
                groups.entry(named.id).or_default().count_request(outcome, entry);
            }
        }
    }

    /// Tells of the groups that there are, by id and name; what others had is forgotten.
    pub fn tell<'g>(&self, groups: impl Iterator<Item = (GroupId, &'g str)>, text: &mut Text) {
        let names: HashMap<_, _> = groups.collect();
        let mut groups: Vec<_> = {
            let mut groups = self.groups();
            groups.retain(|id, _| names.contains_key(id));
            groups.iter().filter_map(|(id, group)| Some((*names.get(id)?, group.clone()))).collect()
        };
        groups.sort_unstable_by_key(|(name, _)| *name);
        tell_counts(&groups, text);
        tell_times(&groups, text);
    }

    fn groups(&self) -> MutexGuard<'_, HashMap<GroupId, Group>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Group {
    fn count_attempt(&mut self, outcome: usize, attempt: u32) {
        let place = usize::try_from(attempt.saturating_sub(1)).unwrap_or(usize::MAX).min(ATTEMPTS.len() - 1);
        if let Some(count) = self.attempts.get_mut(outcome).and_then(|counts| counts.get_mut(place)) {
            *count += 1;
        }
    }

    fn count_request(&mut self, outcome: usize, entry: &Entry) {
        if let Some(count) = self.requests.get_mut(outcome) {
            *count += 1;
        }
        let durations = if entry.is_stream { &mut self.stream_durations } else { &mut self.durations };
        durations.add(entry.duration);
        // What a provider says of a bad key does not go to the client.
        if let Some(first_byte) = entry.course.first_byte.filter(|_| entry.outcome != Some(Outcome::BadKey)) {
            self.first_bytes.add(first_byte);
        }
    }
}

fn place_of(outcome: Option<Outcome>) -> usize {
    match outcome {
        Some(Outcome::Ok) => 0,
        Some(Outcome::SickUpstream) => 1,
        Some(Outcome::RateLimited) => 2,
        Some(Outcome::BadKey) => 3,
        Some(Outcome::Doubtful) => 4,
        Some(Outcome::ClientMistake) => 5,
        Some(Outcome::CutShort) => 6,
        Some(Outcome::ClientGone) => 7,
        None => 8,
    }
}

fn tell_counts(groups: &[(&str, Group)], text: &mut Text) {
    let help = "Requests that have ended, by the group that was asked and by what became of them.";
    text.family("gpt_load_requests_total", Kind::Counter, help);
    for (group, counts) in groups {
        for (outcome, count) in OUTCOMES.iter().zip(counts.requests) {
            text.sample(&[("group", group), ("outcome", outcome)], number(count));
        }
    }
    let help = "Attempts that have ended, by the group whose key was used, by what became of them and by their number in the request.";
    text.family("gpt_load_attempts_total", Kind::Counter, help);
    for (group, counts) in groups {
        for (outcome, counts) in OUTCOMES.iter().zip(counts.attempts) {
            for (attempt, count) in ATTEMPTS.iter().zip(counts).filter(|(_, count)| *count > 0) {
                text.sample(&[("group", group), ("outcome", outcome), ("attempt", attempt)], number(count));
            }
        }
    }
}

fn tell_times(groups: &[(&str, Group)], text: &mut Text) {
    let help = "Time from a request's arrival to the last byte of its answer.";
    text.family("gpt_load_request_duration_seconds", Kind::Histogram, help);
    for (group, counts) in groups {
        text.histogram(&[("group", group), ("stream", "false")], &counts.durations);
        text.histogram(&[("group", group), ("stream", "true")], &counts.stream_durations);
    }
    let help = "Time from a request's arrival to the head of the answer that went to the client.";
    text.family("gpt_load_first_byte_seconds", Kind::Histogram, help);
    for (group, counts) in groups {
        text.histogram(&[("group", group)], &counts.first_bytes);
    }
}
