use std::path::Path;
use std::time::Duration;

use domain::classify::Outcome;
use domain::ids::{GroupId, KeyId};
use domain::key::KeyStatus;
use domain::secret::Secret;
use upstream::Budget;

use super::refusals::Refusals;
use super::traffic::Counted;
use super::*;
use crate::journal::tests::entry;
use crate::journal::{Entry, GroupRef, Journal, Sink};
use crate::keyring::PoolKey;
use crate::server::handover;
use crate::server::in_flight::Count;
use crate::snapshot::Current;

/// Metrics of a program that does nothing, for the tests of the admin API.
pub(crate) async fn idle(db: Db, current: Current, keyring: Arc<Keyring>, tasks: Arc<Tasks>, dir: &Path) -> Metrics {
    let (sink, _) = SpoolSink::open(dir, &db).await.unwrap();
    let traffic = Arc::new(Traffic::default());
    let shared = Shared {
        current,
        journal: Journal::new(Counted { traffic: Arc::clone(&traffic), sink: sink.clone() }),
        kept_bodies: Budget::new(1),
        requests: Count::default(),
        refusals: Refusals::default(),
        max_requests: 0,
        max_body_bytes: None,
        read_timeout: Duration::ZERO,
        trusted_proxies: "none".parse().unwrap(),
    };
    let (handover, _) = handover::channel(Duration::ZERO);
    let sockets = Sockets::new(16);
    Metrics {
        traffic,
        shared: Arc::new(shared),
        sink,
        keyring,
        db,
        sockets,
        handover,
        leadership: Leadership::new().1,
        tasks,
        started: SystemTime::now(),
    }
}

struct Nowhere;

impl Sink for Nowhere {
    fn store(&self, _: Vec<Entry>) {}
}

fn group(id: i64, name: &str) -> GroupRef {
    GroupRef { id: GroupId(id), name: name.into() }
}

fn told(traffic: &Traffic, groups: &[(i64, &str)]) -> String {
    let mut text = Text::default();
    traffic.tell(groups.iter().map(|(id, name)| (GroupId(*id), *name)), &mut text);
    text.into_string()
}

#[track_caller]
fn assert_says(text: &str, line: &str) {
    assert!(text.lines().any(|written| written == line), "no {line} in {text}");
}

#[test]
fn a_request_counts_for_the_group_it_named_and_its_attempts_for_those_whose_keys_were_used() {
    let traffic = Arc::new(Traffic::default());
    let journal = Journal::new(Counted { traffic: Arc::clone(&traffic), sink: Nowhere });
    let key = Arc::new(PoolKey::new(KeyId(1), Secret::from("sk"), KeyStatus::Active, 0));
    let of_member = Entry { group: group(2, "member"), parent: Some(group(1, "all")), key: Some(key), ..entry(1, 0) };
    journal.add(Entry { is_retry: true, outcome: Some(Outcome::RateLimited), ..of_member.clone() });
    journal.add(Entry { attempt: 2, duration: Duration::from_millis(30), is_stream: true, ..of_member.clone() });
    journal.add(Entry { attempt: 101, outcome: Some(Outcome::SickUpstream), ..of_member });
    journal.add(Entry { outcome: None, ..entry(1, 0) });
    journal.drain();
    let text = told(&traffic, &[(1, "all"), (2, "member")]);
    for line in [
        r#"gpt_load_requests_total{group="all",outcome="ok"} 1"#,
        r#"gpt_load_requests_total{group="all",outcome="upstream_failed"} 1"#,
        r#"gpt_load_requests_total{group="all",outcome="unserved"} 1"#,
        r#"gpt_load_requests_total{group="member",outcome="ok"} 0"#,
        r#"gpt_load_attempts_total{group="member",outcome="rate_limited",attempt="1"} 1"#,
        r#"gpt_load_attempts_total{group="member",outcome="ok",attempt="2"} 1"#,
        r#"gpt_load_attempts_total{group="member",outcome="upstream_failed",attempt="5+"} 1"#,
        r#"gpt_load_request_duration_seconds_sum{group="all",stream="true"} 0.03"#,
        r#"gpt_load_request_duration_seconds_count{group="all",stream="false"} 2"#,
    ] {
        assert_says(&text, line);
    }
    assert!(!text.contains(r#"attempts_total{group="all""#), "{text}");
}

#[test]
fn groups_that_are_gone_are_forgotten() {
    let traffic = Traffic::default();
    traffic.count(&[entry(1, 0)]);
    assert_says(&told(&traffic, &[(1, "renamed")]), r#"gpt_load_requests_total{group="renamed",outcome="ok"} 1"#);
    assert!(!told(&traffic, &[(2, "other")]).contains("group="));
    assert!(!told(&traffic, &[(1, "made anew")]).contains("group="));
}
