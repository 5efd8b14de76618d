use std::net::Ipv4Addr;

use super::*;

/// An entry that holds a body of so many bytes.
pub(crate) fn entry(attempt: u32, body_bytes: usize) -> Entry {
    Entry {
        request_id: Uuid::nil(),
        at: Timestamp::UNIX_EPOCH,
        group: GroupRef { id: GroupId(1), name: "g".into() },
        parent: None,
        key: None,
        model: None,
        outcome: Some(Outcome::Ok),
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
        body: Some(Bytes::from(vec![0; body_bytes])).filter(|body| !body.is_empty()),
        attempt,
        proxy_key: [0; 32],
    }
}

/// Counts what it is given.
#[derive(Clone, Default)]
struct Counting(Arc<Mutex<Vec<usize>>>);

impl Sink for Counting {
    fn store(&self, entries: Vec<Entry>) {
        self.0.lock().unwrap().push(entries.len());
    }
}

#[test]
fn whoever_fills_the_queue_empties_it() {
    let stored = Counting::default();
    let journal = Journal::new(stored.clone());
    (0..CAPACITY - 1).for_each(|_| journal.add(entry(1, 0)));
    assert_eq!(*stored.0.lock().unwrap(), [0; 0]);
    journal.add(entry(1, 0));
    journal.add(entry(1, 0));
    assert_eq!(*stored.0.lock().unwrap(), [CAPACITY]);
}

#[test]
fn bodies_fill_the_queue_too() {
    let stored = Counting::default();
    let journal = Journal::new(stored.clone());
    let fill = BODIES_BYTES.div_ceil(60_000);
    (0..2 * fill).for_each(|_| journal.add(entry(1, 60_000)));
    assert_eq!(*stored.0.lock().unwrap(), [fill, fill]);
}
