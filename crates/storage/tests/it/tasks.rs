//! One task at a time for all servers on a database, and what becomes of one whose server died.

use storage::tasks::{SILENCE, TaskClaim, TaskNews};
use testkit::servers::Engine;
use uuid::Uuid;

use crate::support::TestDb;

const FIRST: Uuid = Uuid::from_u128(1);
const SECOND: Uuid = Uuid::from_u128(2);

fn news(report: &str) -> TaskNews<'_> {
    TaskNews { report: Some(report), ignored: None }
}

/// As if so much time had passed since the last word.
async fn silence(test: &TestDb, ms: u128) {
    test.run(&format!("UPDATE node_tasks SET seen_at = seen_at - {ms}")).await;
}

async fn claim(test: &TestDb, node: Uuid) -> Option<TaskClaim> {
    test.db.claim_task(node).await.unwrap()
}

/// The report, and whether it is of a task that runs, as both see it.
async fn last(test: &TestDb) -> (String, bool) {
    let task = test.db.last_task(SECOND).await.unwrap();
    assert_eq!(test.db.last_task(Uuid::from_u128(3)).await.unwrap(), task);
    (task.report, task.is_running)
}

#[tokio::test]
async fn a_task_is_one_servers_until_it_ends() {
    let test = TestDb::new().await;
    assert_eq!(last(&test).await, (String::new(), false));
    let first = claim(&test, FIRST).await.unwrap();
    if test.engine != Engine::Sqlite {
        assert_eq!(claim(&test, SECOND).await, None);
        assert_eq!(last(&test).await, (String::new(), false), "it has not begun");
    }
    let begun = TaskNews { report: Some("begun"), ignored: Some("[1]") };
    assert!(test.db.tell_of_task(first, begun).await.unwrap());
    assert!(test.db.last_task(FIRST).await.unwrap().is_running);
    assert!(test.db.last_task(FIRST).await.unwrap().is_of(first));
    assert!(test.db.tell_of_task(first, news("goes on")).await.unwrap());
    assert_eq!(test.db.ignored_by_task().await.unwrap(), "[1]");
    assert!(test.db.end_task(first, news("ended")).await.unwrap());
    assert_eq!(last(&test).await, ("ended".to_owned(), false));
    assert!(!test.db.tell_of_task(first, news("late")).await.unwrap(), "what comes after the end is not believed");

    let second = claim(&test, SECOND).await.unwrap();
    assert!(!test.db.end_task(first, TaskNews::default()).await.unwrap());
    assert!(test.db.tell_of_task(second, TaskNews::default()).await.unwrap());
    assert_eq!(last(&test).await, ("ended".to_owned(), false), "the last one is told of until the next begins");
    assert!(test.db.end_task(second, TaskNews::default()).await.unwrap());
    assert_eq!(last(&test).await, ("ended".to_owned(), false));
}

#[tokio::test]
async fn who_is_silent_for_long_has_died_unless_it_is_heard_of_again_in_time() {
    let test = TestDb::new().await;
    if test.engine == Engine::Sqlite {
        return;
    }
    let first = claim(&test, FIRST).await.unwrap();
    assert!(test.db.tell_of_task(first, news("half")).await.unwrap());
    assert_eq!(last(&test).await, ("half".to_owned(), true));
    silence(&test, SILENCE.as_millis() / 2).await;
    assert_eq!((last(&test).await.1, claim(&test, SECOND).await), (true, None));
    silence(&test, SILENCE.as_millis()).await;
    assert_eq!(last(&test).await, ("half".to_owned(), false));
    assert!(test.db.tell_of_task(first, news("more")).await.unwrap());
    assert_eq!(last(&test).await, ("more".to_owned(), true), "it was only cut off");
    silence(&test, SILENCE.as_millis()).await;
    let second = claim(&test, SECOND).await.unwrap();
    assert_eq!(last(&test).await, ("more".to_owned(), false), "the new one has not begun");
    assert!(!test.db.tell_of_task(first, news("too late")).await.unwrap());
    assert!(test.db.tell_of_task(second, news("another")).await.unwrap());
    assert_eq!(last(&test).await, ("another".to_owned(), true));
}

#[tokio::test]
async fn a_file_of_ones_own_has_no_other_that_could_run_a_task() {
    let test = TestDb::sqlite().await;
    let former = claim(&test, FIRST).await.unwrap();
    assert!(test.db.tell_of_task(former, news("half")).await.unwrap());
    assert_eq!(last(&test).await, ("half".to_owned(), false));
    assert!(claim(&test, SECOND).await.is_some());
}
