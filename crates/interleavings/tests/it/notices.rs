//! Whoever waits for something to do is woken, however the notice and the look at the queue meet.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use interleavings::ids::{GroupId, KeyId};
use interleavings::in_every_order;
use interleavings::journal::{Course, Entry, GroupRef, Journal, Sink};
use interleavings::key::KeyStatus;
use interleavings::keyring::Changes;
use jiff::Timestamp;
use loom::future::block_on;
use loom::thread;
use uuid::Uuid;

#[derive(Clone, Default)]
struct Stored(Arc<Mutex<Vec<u32>>>);

impl Stored {
    fn attempts(&self) -> Vec<u32> {
        self.0.lock().unwrap().clone()
    }
}

impl Sink for Stored {
    fn store(&self, entries: Vec<Entry>) {
        self.0.lock().unwrap().extend(entries.iter().map(|entry| entry.attempt));
    }
}

fn entry(attempt: u32) -> Entry {
    Entry {
        request_id: Uuid::nil(),
        at: Timestamp::UNIX_EPOCH,
        group: GroupRef { id: GroupId(1), name: "g".into() },
        parent: None,
        key: None,
        model: None,
        outcome: None,
        source_ip: IpAddr::V4(Ipv4Addr::LOCALHOST),
        status: 200,
        path: "/".into(),
        duration: Duration::ZERO,
        course: Course::default(),
        error: None,
        user_agent: None,
        is_retry: false,
        upstream: None,
        is_stream: false,
        body: None,
        attempt,
        proxy_key: [0; 32],
    }
}

#[test]
fn every_entry_is_spooled_once_without_another_to_wake_the_spooler() {
    in_every_order(|| {
        let stored = Stored::default();
        let journal = Journal::new(stored.clone());
        let adds = |attempts: &'static [u32]| {
            let journal = journal.clone();
            thread::spawn(move || attempts.iter().for_each(|attempt| journal.add(entry(*attempt))))
        };
        let adders = [adds(&[1, 2]), adds(&[3])];
        while stored.attempts().len() < 3 {
            // A notice that is lost shows as a deadlock.
            block_on(journal.wait());
            journal.drain();
        }
        for adder in adders {
            adder.join().unwrap();
        }
        let mut attempts = stored.attempts();
        assert!(attempts.iter().position(|one| *one == 1) < attempts.iter().position(|one| *one == 2), "out of order");
        attempts.sort_unstable();
        assert_eq!(attempts, [1, 2, 3]);
    });
}

#[test]
fn every_change_of_a_key_is_told() {
    in_every_order(|| {
        let changes = Arc::new(Changes::default());
        let shared = Arc::clone(&changes);
        let answers = thread::spawn(move || {
            shared.note(GroupId(1), KeyId(1), |change| change.status = Some(KeyStatus::Invalid));
            shared.note(GroupId(1), KeyId(2), |change| change.failures = change.failures.and_one());
        });
        let mut told = Vec::new();
        while told.len() < 2 {
            block_on(changes.wait());
            let mut taken = changes.take();
            // The first time the database is away.
            if told.is_empty() {
                changes.put_back(taken);
                taken = changes.take();
            }
            told.extend(taken.changes.into_keys());
        }
        answers.join().unwrap();
        told.sort_unstable();
        assert_eq!(told, [KeyId(1), KeyId(2)]);
    });
}
