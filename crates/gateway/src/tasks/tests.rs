//! One at a time, and what is left of a task whose process died.

use serde_json::json;
use storage::{Dsn, KeyCipher};

use super::*;

async fn database() -> Db {
    let db = Db::open(&Dsn::Memory, Arc::new(KeyCipher::new(None).unwrap())).await.unwrap();
    db.migrate().await.unwrap();
    db
}

async fn open(db: &Db) -> Arc<Tasks> {
    Tasks::open(db.clone(), Node::on_port(7), TaskTracker::new(), CancellationToken::new()).await
}

async fn claim(tasks: &Arc<Tasks>) -> Option<Claim> {
    tasks.claim().await.unwrap()
}

async fn end(tasks: &Tasks) -> Status {
    tasks.tracker.close();
    tasks.tracker.wait().await;
    tasks.status()
}

#[tokio::test]
async fn a_claim_is_for_one_and_ends_with_the_task() {
    let tasks = open(&database().await).await;
    drop(claim(&tasks).await.unwrap());
    let first = claim(&tasks).await.unwrap();
    assert!(claim(&tasks).await.is_none());
    let (go_on, wait) = oneshot::channel::<()>();
    let work = |progress: Progress| async move {
        progress.advance(2)?;
        wait.await?;
        Ok(json!({"added_count": 2}))
    };
    let started = first.start(Kind::Import, "g", 3, work).await;
    assert!(started.is_running && claim(&tasks).await.is_none());
    go_on.send(()).unwrap();
    let ended = end(&tasks).await;
    assert_eq!((ended.is_running, ended.processed, ended.error.as_deref()), (false, 2, None));
    assert_eq!(ended.result, Some(json!({"added_count": 2})));
    assert!(ended.finished_at.is_some() && ended.duration_seconds.is_some() && ended.node.ends_with(":7"));
    assert!(claim(&tasks).await.is_some());
}

#[tokio::test]
async fn a_task_that_panics_has_failed() {
    let tasks = open(&database().await).await;
    claim(&tasks).await.unwrap().start(Kind::Delete, "g", 3, |_| async { panic!("oh") }).await;
    let ended = end(&tasks).await;
    assert!(!ended.is_running && !ended.resumable && ended.error.unwrap().contains("fault of the program"));
    assert!(claim(&tasks).await.is_some());
}

#[tokio::test]
async fn a_task_ends_when_the_program_stops() {
    let (db, stop) = (database().await, CancellationToken::new());
    let tasks = Tasks::open(db.clone(), Node::on_port(7), TaskTracker::new(), stop.clone()).await;
    let work = |progress: Progress| async move {
        progress.advance(1)?;
        progress.unless_stopped(std::future::pending::<()>()).await?;
        Ok(Value::Null)
    };
    claim(&tasks).await.unwrap().start(Kind::Validation, "g", 3, work).await;
    stop.cancel();
    let ended = end(&tasks).await;
    assert_eq!((ended.processed, ended.resumable, ended.broken_off), (1, true, Some(BrokenOff::Stopped)));
    assert_eq!(open(&db).await.status(), ended, "it is told after the restart, too");
}

#[tokio::test]
async fn a_database_that_was_away_is_no_fault_of_the_task() {
    let tasks = open(&database().await).await;
    let away = || StorageError::Unavailable(std::io::Error::from(std::io::ErrorKind::TimedOut).into());
    claim(&tasks).await.unwrap().start(Kind::Import, "g", 3, |_| async move { Err(away().into()) }).await;
    let ended = end(&tasks).await;
    assert_eq!((ended.resumable, ended.broken_off, ended.error), (true, Some(BrokenOff::DatabaseAway), None));
}

#[tokio::test]
async fn a_task_whose_process_died_is_reported() {
    let db = database().await;
    let tasks = open(&db).await;
    let entry = Ignored { line: 7, key: "sk-1****cdef".to_owned(), reason: Reason::AlreadyInGroup };
    let told = entry.clone();
    let work = |progress: Progress| async move {
        progress.ignored([told]);
        progress.advance(2)?;
        std::future::pending().await
    };
    claim(&tasks).await.unwrap().start(Kind::Import, "g", 5, work).await;
    while tasks.status().processed == 0 {
        tokio::task::yield_now().await;
    }
    tasks.share().await.unwrap();
    let after = open(&db).await;
    let status = after.status();
    assert_eq!((status.task_type, status.is_running, status.group_name.as_str()), (Kind::Import, false, "g"));
    assert_eq!((status.processed, status.total, status.broken_off), (2, 5, Some(BrokenOff::Silent)));
    assert!(status.resumable && status.finished_at.is_some() && status.result.is_none());
    assert_eq!(after.ignored().await.unwrap(), [entry]);
    // Another one begins, of which the first process, if it lived, would hear.
    let second = claim(&after).await.unwrap();
    second.start(Kind::Delete, "h", 1, |_| async { Ok(Value::Null) }).await;
    tasks.share().await.unwrap();
    assert!(tasks.last().stopping.is_cancelled());
}

#[tokio::test]
async fn idle_is_as_clients_of_1_4_know_it() {
    let db = database().await;
    let idle =
        json!({"task_type": "", "is_running": false, "processed": 0, "total": 0, "started_at": "0001-01-01T00:00:00Z"});
    assert_eq!(json!(open(&db).await.status()), idle);
    let damaged = TaskNews { report: Some("{"), ignored: Some("[") };
    let claim = db.claim_task(uuid::Uuid::new_v4()).await.unwrap().unwrap();
    db.end_task(claim, damaged).await.unwrap();
    let tasks = open(&db).await;
    assert_eq!(json!(tasks.status()), idle, "a damaged report is no reason not to start");
    assert_eq!(tasks.ignored().await.unwrap(), []);
}

#[tokio::test]
async fn what_is_told_of_ignored_entries_is_bounded() {
    let db = database().await;
    let tasks = open(&db).await;
    let spec = domain::group::GroupSpec {
        name: "g".to_owned(),
        ..domain::group::GroupSpec::blank(domain::group::GroupKind::Standard, domain::group::ChannelType::OpenAi)
    };
    let group = db.insert_group(&spec).await.unwrap().id;
    let pool = crate::keyring::Keyring::default().pool(group);
    let text = "sk-1\n".repeat(3 * MAX_IGNORED) + "sk-2";
    let work = |progress| async move { import::run(progress, db, &pool, group, text).await };
    claim(&tasks).await.unwrap().start(Kind::Import, "g", 3001, work).await;
    assert_eq!(end(&tasks).await.result, Some(json!({"added_count": 2, "ignored_count": 2999})));
    let ignored = tasks.ignored().await.unwrap();
    assert!(ignored.iter().zip(2..).all(|(entry, line)| entry.line == line && entry.reason == Reason::RepeatedInText));
    assert_eq!(ignored.len(), MAX_IGNORED);
}
