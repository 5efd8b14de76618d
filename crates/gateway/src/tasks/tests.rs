//! One at a time, and what is left of a task whose process died.

use serde_json::json;

use super::*;

fn open(dir: &Path) -> Arc<Tasks> {
    Tasks::open(dir, TaskTracker::new(), CancellationToken::new())
}

async fn end(tasks: &Tasks) -> Status {
    tasks.tracker.close();
    tasks.tracker.wait().await;
    tasks.status()
}

#[tokio::test]
async fn a_claim_is_for_one_and_ends_with_the_task() {
    let dir = tempfile::tempdir().unwrap();
    let tasks = open(dir.path());
    drop(tasks.claim().unwrap());
    let claim = tasks.claim().unwrap();
    assert!(tasks.claim().is_none());
    let (go_on, wait) = tokio::sync::oneshot::channel::<()>();
    let work = |progress: Progress| async move {
        progress.advance(2).await?;
        wait.await?;
        Ok(json!({"added_count": 2}))
    };
    let started = claim.start(Kind::Import, "g", 3, work).await;
    assert!(started.is_running && tasks.claim().is_none());
    go_on.send(()).unwrap();
    let ended = end(&tasks).await;
    assert_eq!((ended.is_running, ended.processed, ended.error.as_deref()), (false, 2, None));
    assert_eq!(ended.result, Some(json!({"added_count": 2})));
    assert!(tasks.claim().is_some() && ended.finished_at.is_some() && ended.duration_seconds.is_some());
}

#[tokio::test]
async fn a_task_that_panics_has_failed() {
    let dir = tempfile::tempdir().unwrap();
    let tasks = open(dir.path());
    tasks.claim().unwrap().start(Kind::Delete, "g", 3, |_| async { panic!("oh") }).await;
    let ended = end(&tasks).await;
    assert!(!ended.is_running && ended.error.unwrap().contains("fault of the program"));
    assert!(tasks.claim().is_some());
}

#[tokio::test]
async fn a_task_ends_when_the_program_stops() {
    let dir = tempfile::tempdir().unwrap();
    let stop = CancellationToken::new();
    let tasks = Tasks::open(dir.path(), TaskTracker::new(), stop.clone());
    let work = |progress: Progress| async move {
        progress.advance(1).await?;
        progress.unless_stopped(std::future::pending::<()>()).await?;
        Ok(Value::Null)
    };
    tasks.claim().unwrap().start(Kind::Validation, "g", 3, work).await;
    stop.cancel();
    let error = end(&tasks).await.error.unwrap();
    assert!(error.contains("1 of 3"), "{error}");
    assert_eq!(open(dir.path()).status().error, Some(error), "it is told after the restart, too");
}

#[tokio::test]
async fn a_task_whose_process_died_is_reported() {
    let dir = tempfile::tempdir().unwrap();
    let tasks = open(dir.path());
    let entry = Ignored { line: 7, key: "sk-1****cdef".to_owned(), reason: Reason::AlreadyInGroup };
    let told = entry.clone();
    let work = |progress: Progress| async move {
        progress.ignored([told]);
        progress.advance(2).await?;
        progress.0.note().await;
        std::future::pending().await
    };
    tasks.claim().unwrap().start(Kind::Import, "g", 5, work).await;
    while tasks.status().processed == 0 || open(dir.path()).status().processed == 0 {
        tokio::task::yield_now().await;
    }
    let after = open(dir.path());
    let status = after.status();
    assert_eq!((status.task_type, status.is_running, status.group_name.as_str()), (Kind::Import, false, "g"));
    assert!(status.error.unwrap().contains("2 of 5") && status.finished_at.is_some() && status.result.is_none());
    assert_eq!(after.ignored(), [entry]);
    assert!(after.claim().is_some());
}

#[test]
fn idle_is_as_clients_of_1_4_know_it() {
    let dir = tempfile::tempdir().unwrap();
    let idle =
        json!({"task_type": "", "is_running": false, "processed": 0, "total": 0, "started_at": "0001-01-01T00:00:00Z"});
    assert_eq!(json!(open(dir.path()).status()), idle);
    std::fs::write(dir.path().join("task.json"), "{").unwrap();
    assert_eq!(json!(open(dir.path()).status()), idle, "a damaged file is no reason not to start");
}

#[tokio::test]
async fn what_is_told_of_ignored_entries_is_bounded() {
    let (dir, db) = (tempfile::tempdir().unwrap(), open_database().await);
    let tasks = open(dir.path());
    let spec = domain::group::GroupSpec {
        name: "g".to_owned(),
        ..domain::group::GroupSpec::blank(domain::group::GroupKind::Standard, domain::group::ChannelType::OpenAi)
    };
    let group = db.insert_group(&spec).await.unwrap().id;
    let pool = crate::keyring::Keyring::default().pool(group);
    let text = "sk-1\n".repeat(3 * MAX_IGNORED) + "sk-2";
    let work = |progress| async move { import::run(progress, db, &pool, group, text).await };
    tasks.claim().unwrap().start(Kind::Import, "g", 3001, work).await;
    assert_eq!(end(&tasks).await.result, Some(json!({"added_count": 2, "ignored_count": 2999})));
    let ignored = tasks.ignored();
    assert!(ignored.iter().zip(2..).all(|(entry, line)| entry.line == line && entry.reason == Reason::RepeatedInText));
    assert_eq!(ignored.len(), MAX_IGNORED);
}

async fn open_database() -> storage::Db {
    let cipher = Arc::new(storage::KeyCipher::new(None).unwrap());
    let db = storage::Db::open(&storage::Dsn::Memory, cipher).await.unwrap();
    db.migrate().await.unwrap();
    db
}
