//! Opening, locking and migrating.

use sqlx::{Connection, Row};
use storage::db::Migrated;
use storage::{Db, Dsn, StorageError};
use tempfile::TempDir;

use crate::support::{TestDb, cipher, copy_fixture, fixture, leader, open, sql};

/// Name, declared type, default and null-ability of every column, and every index, by table.
async fn schema(file: &std::path::Path) -> Vec<String> {
    let mut sql = sql(file).await;
    let columns = sqlx::query_scalar(
        "SELECT m.name || '.' || c.name || ' ' || c.type || ' ' || coalesce(c.dflt_value, '-') || ' ' || c.\"notnull\" || c.pk
         FROM sqlite_master m JOIN pragma_table_info(m.name) c WHERE m.type = 'table' ORDER BY 1",
    );
    let mut all: Vec<String> = columns.fetch_all(&mut sql).await.unwrap();
    let indices =
        sqlx::query_scalar("SELECT sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL ORDER BY 1");
    all.extend(indices.fetch_all(&mut sql).await.unwrap());
    all
}

/// What of `theirs` is not in `ours`, but for the indices that ours make superfluous.
fn missing<'a>(theirs: &'a [String], ours: &[String]) -> Vec<&'a String> {
    let superfluous = |line: &str| {
        ["`idx_request_logs_key_hash`", "`idx_request_logs_request_type`"].iter().any(|name| line.contains(name))
    };
    theirs.iter().filter(|line| !ours.contains(line) && !superfluous(line)).collect()
}

#[tokio::test]
async fn a_new_database_has_the_tables_of_1_4_9_and_ours() {
    let test = TestDb::sqlite().await;
    let (theirs, ours) = (schema(&fixture("sqlite.db")).await, schema(&test.file()).await);
    assert_eq!(missing(&theirs, &ours), Vec::<&String>::new());
    // Columns of theirs that we add must not stand in the way of inserts that don't name them.
    let added = ours.iter().filter(|line| !theirs.contains(line) && line.starts_with("groups."));
    assert_eq!(added.collect::<Vec<_>>(), ["groups.enabled numeric true 10"]);
}

#[tokio::test]
async fn a_new_and_an_adopted_database_are_alike() {
    let (new, adopted) = (TestDb::sqlite().await, TestDb::sqlite_of_1_4("sqlite.db", None).await);
    assert_eq!(schema(&new.file()).await, schema(&adopted.file()).await);
}

#[tokio::test]
async fn table_definitions_stay_on_one_line_as_the_migrator_of_1_4_reads_them() {
    let test = TestDb::sqlite().await;
    let rows = sqlx::query("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND tbl_name NOT LIKE 'sqlite%'");
    for row in rows.fetch_all(&mut test.sql().await).await.unwrap() {
        let sql: String = row.get(0);
        let known = ["CREATE TABLE `", "CREATE INDEX `", "CREATE UNIQUE INDEX `"];
        assert!(known.iter().any(|start| sql.starts_with(start)) && !sql.contains('\n'), "{sql}");
    }
}

#[tokio::test]
async fn migrating_again_does_nothing() {
    let test = TestDb::sqlite().await;
    assert_eq!(test.db.migrate().await.unwrap(), Migrated { from: 2, to: 2, copy: None });
}

#[tokio::test]
async fn a_copy_is_kept_before_the_first_migration_of_an_adopted_file() {
    let dir = TempDir::new().unwrap();
    let file = copy_fixture("sqlite.db", dir.path());
    let before = schema(&file).await;
    // A row that is still in the write-ahead log must be in the copy. The connection stays open, so it isn't written
    // back.
    let mut other = sql(&file).await;
    sqlx::raw_sql("PRAGMA journal_mode = WAL; UPDATE groups SET sort = 77 WHERE id = 1")
        .execute(&mut other)
        .await
        .unwrap();

    let db = open(&file, None).await;
    let copy = dir.path().join("gpt-load.db.before-migration");
    assert_eq!(db.migrate().await.unwrap(), Migrated { from: 0, to: 2, copy: Some(copy.clone()) });
    assert_eq!(schema(&copy).await, before);
    let sort: i64 =
        sqlx::query_scalar("SELECT sort FROM groups WHERE id = 1").fetch_one(&mut sql(&copy).await).await.unwrap();
    assert_eq!(sort, 77);
    assert_eq!(db.migrate().await.unwrap().copy, None);

    // Whoever goes back and adopts again keeps the first copy too.
    other.close().await.unwrap();
    db.close().await;
    std::fs::copy(&copy, &file).unwrap();
    let db = open(&file, None).await;
    let second = dir.path().join("gpt-load.db.before-migration.2");
    assert_eq!(db.migrate().await.unwrap().copy, Some(second));
    assert!(copy.exists());
}

#[tokio::test]
async fn without_a_copy_nothing_is_changed() {
    let dir = TempDir::new().unwrap();
    let file = copy_fixture("sqlite.db", dir.path());
    let before = schema(&file).await;
    let in_the_way = dir.path().join("gpt-load.db.before-migration.partial");
    std::fs::create_dir(&in_the_way).unwrap();
    let db = open(&file, None).await;
    let error = db.migrate().await.unwrap_err().to_string();
    assert!(error.contains(in_the_way.to_str().unwrap()), "{error}");
    assert_eq!(schema(&file).await, before);
}

#[tokio::test]
async fn what_an_earlier_1_4_lacks_is_added() {
    let lacking = [
        // Before aggregates.
        "DROP TABLE group_sub_groups; ALTER TABLE groups DROP COLUMN group_type;
         DROP INDEX idx_request_logs_parent_group_id; DROP INDEX idx_request_logs_parent_group_name;
         ALTER TABLE request_logs DROP COLUMN parent_group_id; ALTER TABLE request_logs DROP COLUMN parent_group_name",
        // Before redirects of models, notes, and rules for headers.
        "ALTER TABLE groups DROP COLUMN model_redirect_rules; ALTER TABLE groups DROP COLUMN model_redirect_strict;
         ALTER TABLE groups DROP COLUMN header_rules; ALTER TABLE api_keys DROP COLUMN notes",
        // Before statistics by the hour and the index for lists; with indices and a column of its own.
        "DROP TABLE group_hourly_stats; DROP INDEX idx_api_keys_group_last_used_id;
         CREATE UNIQUE INDEX idx_group_key ON api_keys(group_id, key_value);
         ALTER TABLE request_logs ADD COLUMN response_body longtext",
    ];
    let complete = schema(&fixture("sqlite.db")).await;
    for lacking in lacking {
        let dir = TempDir::new().unwrap();
        let file = copy_fixture("sqlite.db", dir.path());
        sqlx::raw_sql(lacking).execute(&mut sql(&file).await).await.unwrap();
        let db = open(&file, None).await;
        db.ping().await.unwrap();
        db.migrate().await.unwrap();
        let now = schema(&file).await;
        let missing = missing(&complete, &now);
        assert!(missing.is_empty(), "{missing:?} after {lacking}");
        assert_eq!(db.groups().await.unwrap().len(), 8, "{lacking}");
        let keys = db.scan_keys(storage::keys::KeyScan::default(), None, 1000).await.unwrap();
        assert!(keys.len() > 20 && keys.iter().all(|key| key.secret.is_some()), "{lacking}");
        let page = storage::PageRequest { page: 1, size: 1000 };
        db.keys_page(&storage::keys::KeyFilter::default(), page).await.unwrap();
        let logs = db.logs_page(&storage::logs::LogFilter::default(), page, jiff::Timestamp::now()).await.unwrap();
        assert!(logs.total > 20, "{lacking}");
        db.sub_groups().await.unwrap();
        db.group_stats(&[domain::ids::GroupId(1)], jiff::Timestamp::now()).await.unwrap();
    }
}

#[tokio::test]
async fn a_database_of_a_later_version_is_refused() {
    let test = TestDb::sqlite().await;
    sqlx::raw_sql("INSERT INTO schema_versions VALUES (99, '')").execute(&mut test.sql().await).await.unwrap();
    let error = test.db.migrate().await.unwrap_err();
    assert!(matches!(error, StorageError::TooNew { found: 99, known: 2 }), "{error}");
}

#[tokio::test]
async fn a_second_server_on_the_directory_is_told_so() {
    let test = TestDb::sqlite().await;
    let dsn = Dsn::Sqlite(test.dir.path().join("other.db"));
    let error = Db::open(&dsn, cipher(None)).await.unwrap_err();
    let StorageError::InUse { dir, holder } = &error else { panic!("{error}") };
    assert_eq!((dir.as_path(), holder.as_str()), (test.dir.path(), std::process::id().to_string().as_str()));
    assert!(error.to_string().contains("stop that one"));
    test.db.close().await;
    Db::open(&dsn, cipher(None)).await.unwrap();
}

#[tokio::test]
async fn folder_and_file_are_private_and_the_log_is_written_back_at_the_end() {
    use std::os::unix::fs::PermissionsExt;
    let dir = TempDir::new().unwrap();
    let folder = dir.path().join("a/b");
    let file = folder.join("x.db");
    let db = open(&file, None).await;
    db.migrate().await.unwrap();
    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&folder), mode(&file)), (0o700, 0o600));
    let mut other = sql(&file).await;
    let auto_vacuum: i64 = sqlx::query_scalar("PRAGMA auto_vacuum").fetch_one(&mut other).await.unwrap();
    assert_eq!(auto_vacuum, 2);
    other.close().await.unwrap();
    db.close().await;
    assert!(!folder.join("x.db-wal").exists());
    assert!(db.ping().await.unwrap_err().is_transient());
}

#[tokio::test]
async fn an_adopted_file_gets_its_space_back() {
    let test = TestDb::sqlite_of_1_4("sqlite.db", None).await;
    sqlx::raw_sql("DELETE FROM request_logs").execute(&mut test.sql().await).await.unwrap();
    test.db.vacuum().await.unwrap();
    let pragma = async |name: &str| {
        let sql = sqlx::AssertSqlSafe(format!("PRAGMA {name}"));
        sqlx::query_scalar::<_, i64>(sql).fetch_one(&mut test.sql().await).await.unwrap()
    };
    assert_eq!((pragma("auto_vacuum").await, pragma("freelist_count").await), (2, 0));
}

/// The control plane runs on several threads.
#[test]
fn calls_may_move_between_threads() {
    fn check<F: Future + Send>(_: impl Fn(&'static Db) -> F) {}
    check(Db::groups);
    check(Db::migrate);
    check(|db| db.scan_keys(storage::keys::KeyScan::default(), None, 1));
    check(|db| db.delete_group(domain::ids::GroupId(1)));
    check(|db| db.put_settings(&[]));
    check(|db| async move { db.delete_logs_before(leader(db).await, jiff::Timestamp::UNIX_EPOCH, 1).await });
    check(|db| async move { db.store_key_changes(&storage::keys::KeyChanges::default()).await });
    check(|db| async move {
        let dir = TempDir::new().unwrap();
        let spool = storage::spool::Spool::open(dir.path(), storage::spool::Limits::default()).unwrap();
        let mut drain = spool.drain(None).unwrap();
        if let Some(batch) = drain.next_batch().unwrap() {
            db.store_batch(batch).await.unwrap();
        }
    });
}

#[tokio::test]
async fn a_path_that_cannot_be_opened_is_named() {
    let dir = TempDir::new().unwrap();
    std::fs::write(dir.path().join("file"), "").unwrap();
    let dsn = Dsn::Sqlite(dir.path().join("file/x.db"));
    let error = Db::open(&dsn, cipher(None)).await.unwrap_err().to_string();
    assert!(error.starts_with("can't make the data directory") && error.contains("file"), "{error}");
}

#[tokio::test]
async fn a_database_in_memory_works() {
    let db = Db::open(&Dsn::Memory, cipher(None)).await.unwrap();
    db.migrate().await.unwrap();
    assert!(db.groups().await.unwrap().is_empty());
    db.ping().await.unwrap();
}
