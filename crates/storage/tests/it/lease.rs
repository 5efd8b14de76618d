//! One leader at a time, and nothing is done by one that another has followed.

use std::sync::Arc;
use std::time::Duration;

use storage::StorageError;
use storage::lease::{Answer, LASTS, Lease, Token};
use storage::logs::LogFilter;
use testkit::servers::Engine;
use testkit::wait::eventually;
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::logs::ids;
use crate::store::store;
use crate::support::{TestDb, at, group, leader, record};

const FIRST: Uuid = Uuid::from_u128(1);
const SECOND: Uuid = Uuid::from_u128(2);

async fn ask(test: &TestDb, node: Uuid, held: Option<Token>) -> Answer {
    let name = if node == FIRST { "first" } else { "second" };
    test.db.ask_to_lead(node, name, held).await.unwrap()
}

async fn leads(test: &TestDb, node: Uuid, held: Option<Token>) -> Token {
    match ask(test, node, held).await {
        Answer::Leads(Lease { token, .. }) => token,
        Answer::Follows { leader } => panic!("{leader} leads"),
    }
}

/// As if so much time had passed for the lease.
async fn age(test: &TestDb, by: Duration) {
    test.run(&format!("UPDATE node_lease SET expires_at = expires_at - {}", by.as_millis())).await;
}

/// Nobody else can have a file open that we hold.
fn is_shared(test: &TestDb) -> bool {
    test.engine != Engine::Sqlite
}

#[tokio::test]
async fn one_leads_until_its_lease_ends_and_each_leader_has_a_greater_token() {
    let test = TestDb::new().await;
    if !is_shared(&test) {
        return;
    }
    let follows = Answer::Follows { leader: "first".to_owned() };
    let Answer::Leads(Lease { token: first, lasts }) = ask(&test, FIRST, None).await else { panic!("nobody leads") };
    assert_eq!(lasts, Some(LASTS));
    assert_eq!(ask(&test, SECOND, None).await, follows);
    age(&test, LASTS / 2).await;
    assert_eq!(ask(&test, SECOND, None).await, follows);
    assert_eq!(leads(&test, FIRST, Some(first)).await, first);
    age(&test, LASTS / 2).await;
    assert_eq!(ask(&test, SECOND, None).await, follows, "it was given more of it");
    age(&test, LASTS / 2).await;
    let second = leads(&test, SECOND, None).await;
    assert!(second > first);
    assert_eq!(ask(&test, FIRST, Some(first)).await, Answer::Follows { leader: "second".to_owned() });
    age(&test, LASTS).await;
    assert_eq!(leads(&test, SECOND, Some(second)).await, second, "nobody has led since");
}

#[tokio::test]
async fn a_lease_that_is_given_back_can_be_had_at_once() {
    let test = TestDb::new().await;
    let first = leads(&test, FIRST, None).await;
    test.db.stop_leading(first).await.unwrap();
    let second = leads(&test, SECOND, None).await;
    assert!(second > first);
    test.db.stop_leading(first).await.unwrap();
    assert_eq!(leads(&test, SECOND, Some(second)).await, second, "it is not the first one's to give back");
}

#[tokio::test]
async fn who_is_asked_for_again_without_its_token_leads_anew() {
    let test = TestDb::new().await;
    let first = leads(&test, FIRST, None).await;
    assert!(leads(&test, FIRST, None).await > first, "the answer was lost");
}

#[tokio::test]
async fn a_clock_that_was_set_back_leaves_nobody_without_a_leader() {
    let test = TestDb::new().await;
    leads(&test, FIRST, None).await;
    test.run("UPDATE node_lease SET expires_at = expires_at + 3600000").await;
    leads(&test, SECOND, None).await;
}

#[tokio::test]
async fn a_file_of_ones_own_is_led_without_an_end_and_by_who_opens_it() {
    let test = TestDb::sqlite().await;
    let Answer::Leads(Lease { token: first, lasts: None }) = ask(&test, FIRST, None).await else { panic!("it ends") };
    assert!(leads(&test, SECOND, None).await > first, "the first one is gone, or the file could not be opened");
}

#[tokio::test]
async fn of_many_that_ask_at_once_one_leads() {
    let test = TestDb::new().await;
    if !is_shared(&test) {
        return;
    }
    for round in 0..5 {
        let mut asked = JoinSet::new();
        for node in 0..8 {
            let db = test.db.clone();
            asked.spawn(async move { db.ask_to_lead(Uuid::from_u128(node + 10 * round), "one", None).await.unwrap() });
        }
        let answers = asked.join_all().await;
        let leaders = answers.iter().filter(|answer| matches!(answer, Answer::Leads(_)));
        assert_eq!(leaders.count(), 1, "{answers:?}");
        age(&test, LASTS).await;
    }
}

#[tokio::test]
async fn what_a_former_leader_writes_is_refused() {
    let test = TestDb::new().await;
    let id = test.db.insert_group(&group("a")).await.unwrap().id;
    store(&test, vec![record(1, 0, None)]).await;
    let first = leader(&test.db).await;
    test.db.stop_leading(first).await.unwrap();
    let second = leads(&test, SECOND, None).await;
    let (then, later) = (at("2026-01-01T00:00:00Z"), at("2026-01-02T00:00:00Z"));
    for refused in [
        test.db.set_group_validated(first, id, then).await,
        test.db.delete_ended_cooldowns(first, then).await,
        test.db.delete_logs_before(first, then, 10).await.map(drop),
    ] {
        assert!(matches!(refused, Err(StorageError::Fenced)), "{refused:?}");
    }
    assert_eq!(test.db.group(id).await.unwrap().last_validated_at, None);
    assert_eq!(ids(&test.db, &LogFilter::default()).await.len(), 1);

    test.db.set_group_validated(second, id, later).await.unwrap();
    test.db.delete_ended_cooldowns(second, then).await.unwrap();
    assert_eq!(test.db.delete_logs_before(second, then, 10).await.unwrap(), 1);
    assert_eq!(test.db.group(id).await.unwrap().last_validated_at, Some(later));
    let gone = domain::ids::GroupId(99);
    let unknown = test.db.set_group_validated(second, gone, then).await;
    assert!(matches!(unknown, Err(StorageError::NotFound)), "{unknown:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_written_while_another_takes_the_lease_waits_and_is_refused() {
    let test = Arc::new(TestDb::new().await);
    if !is_shared(&test) {
        return;
    }
    let id = test.db.insert_group(&group("a")).await.unwrap().id;
    let first = leader(&test.db).await;
    let sleep = if test.engine == Engine::Postgres { "pg_sleep" } else { "sleep" };
    let taking = format!("BEGIN; UPDATE node_lease SET token = token + 1; SELECT {sleep}(2); COMMIT");
    let mut taken = JoinSet::new();
    taken.spawn({
        let test = Arc::clone(&test);
        async move { test.run(&taking).await }
    });
    let free = "SELECT count(*) FROM (SELECT 1 FROM node_lease FOR UPDATE SKIP LOCKED) AS free";
    eventually("the lease to be taken", async || test.run(free).await == "0\n").await;
    let refused = test.db.set_group_validated(first, id, at("2026-01-01T00:00:00Z")).await;
    assert!(matches!(refused, Err(StorageError::Fenced)), "{refused:?}");
    taken.join_all().await;
}
