use std::sync::Arc;

use sea_query::SqliteQueryBuilder;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteRow};
use sqlx::{AssertSqlSafe, Connection, Row};

use super::*;
use crate::{Dsn, KeyCipher};

/// How SQLite would go about it.
async fn plan(sql: &mut SqliteConnection, query: &SelectStatement) -> String {
    let explain = format!("EXPLAIN QUERY PLAN {}", query.to_string(SqliteQueryBuilder));
    let rows: Vec<SqliteRow> = sqlx::query(AssertSqlSafe(explain)).fetch_all(sql).await.unwrap();
    rows.iter().map(|row| row.get::<String, _>("detail")).collect::<Vec<_>>().join("; ")
}

/// Rows of the same instant may be: there are few.
fn is_sorted(plan: &str) -> bool {
    plan.replace("TEMP B-TREE FOR LAST TERM OF ORDER BY", "").contains("TEMP B-TREE")
}

#[tokio::test]
async fn no_page_of_a_large_log_is_sorted_or_searched_for_in_all_rows() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("gpt-load.db");
    let db = Db::open(&Dsn::Sqlite(file.clone()), Arc::new(KeyCipher::new(None).unwrap())).await.unwrap();
    db.migrate().await.unwrap();
    let mut sql = SqliteConnection::connect_with(&SqliteConnectOptions::new().filename(&file)).await.unwrap();
    let known = "INSERT INTO request_logs (id, timestamp, group_id, is_success, status_code, duration, is_stream, key_hash) \
                 VALUES ('1', '2026-01-01 00:00:00+00:00', 1, true, 200, 1, false, ?)";
    sqlx::query(known).bind(db.cipher().hash("sk-1")).execute(&mut sql).await.unwrap();
    let group =
        "INSERT INTO groups (id, name, channel_type, upstreams, test_model) VALUES (1, 'g', 'openai', '[]', 'm')";
    sqlx::query(group).execute(&mut sql).await.unwrap();
    let stored = "INSERT INTO api_keys (id, group_id, key_value, key_hash) VALUES (7, 1, 'sk-1', ?)";
    sqlx::query(stored).bind(db.cipher().hash("sk-1")).execute(&mut sql).await.unwrap();

    let none = LogFilter::default();
    let key = LogFilter { key: Some("sk-1".into()), ..none.clone() };
    let source = LogFilter { source_ip: Some("192.0.2.1".to_owned()), ..none.clone() };
    let status = LogFilter { status_code: Some(429), ..none.clone() };
    let failed = LogFilter { is_success: Some(false), ..none.clone() };
    let retry = LogFilter { request_type: Some(RequestType::Retry), ..none.clone() };
    let frequent = LogFilter { is_success: Some(true), request_type: Some(RequestType::Final), ..none.clone() };
    let cases = [
        (none.clone(), "idx_request_logs_instant"),
        (LogFilter { model: Some("gpt".to_owned()), ..none.clone() }, "idx_request_logs_instant"),
        (LogFilter { error_contains: Some("limit".to_owned()), ..none.clone() }, "idx_request_logs_error_instant"),
        (frequent.clone(), "idx_request_logs_instant"),
        (key.clone(), "idx_request_logs_key_instant"),
        (LogFilter { key_id: Some(KeyId(7)), ..none.clone() }, "idx_request_logs_key_instant"),
        (source.clone(), "idx_request_logs_source_instant"),
        (status.clone(), "idx_request_logs_status_instant"),
        (failed.clone(), "idx_request_logs_failed_instant"),
        (retry.clone(), "idx_request_logs_retry_instant"),
        (LogFilter { is_success: Some(false), status_code: Some(429), ..key }, "idx_request_logs_key_instant"),
        (LogFilter { is_success: Some(false), status_code: Some(429), ..source }, "idx_request_logs_source_instant"),
        (LogFilter { status_code: Some(429), ..frequent }, "idx_request_logs_status_instant"),
        (LogFilter { is_success: Some(false), ..status }, "idx_request_logs_status_instant"),
        (LogFilter { status_code: Some(200), ..failed }, "idx_request_logs_failed_instant"),
        (LogFilter { is_success: Some(true), ..retry }, "idx_request_logs_retry_instant"),
    ];
    for (filter, index) in cases {
        let condition = db.log_condition(&filter, Timestamp::now()).await.unwrap();
        let plan = plan(&mut sql, db.newest_first(condition).limit(15)).await;
        assert!(plan.contains(&format!("USING INDEX {index}")) && !is_sorted(&plan), "{filter:?}: {plan}");
    }
    let plan = plan(&mut sql, &keys::keys_with(["1".to_owned(), "2".to_owned()])).await;
    assert!(plan.contains("USING INDEX idx_api_keys_key_hash"), "{plan}");
}
