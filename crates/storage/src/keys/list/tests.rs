use std::sync::Arc;

use sea_query::SqliteQueryBuilder;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteRow};
use sqlx::{AssertSqlSafe, Connection, Row as _};

use super::*;
use crate::{Dsn, KeyCipher};

#[tokio::test]
async fn no_page_of_a_large_group_is_sorted_where_an_index_is() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("gpt-load.db");
    let db = Db::open(&Dsn::Sqlite(file.clone()), Arc::new(KeyCipher::new(None).unwrap())).await.unwrap();
    db.migrate().await.unwrap();
    let mut sql = SqliteConnection::connect_with(&SqliteConnectOptions::new().filename(&file)).await.unwrap();
    for (by, index) in [
        (KeySort::LastUsedAt, "idx_api_keys_group_last_used_id"),
        (KeySort::FailureCount, "idx_api_keys_group_failures_id"),
        (KeySort::RequestCount, "idx_api_keys_group_requests_id"),
    ] {
        let order = KeyOrder { by, descending: true };
        let filter = KeyFilter { group: Some(GroupId(1)), order, ..KeyFilter::default() };
        let query = db.ids_in_order(&filter, None, 1_000_000).limit(15).to_string(SqliteQueryBuilder);
        let explain = AssertSqlSafe(format!("EXPLAIN QUERY PLAN {query}"));
        let rows: Vec<SqliteRow> = sqlx::query(explain).fetch_all(&mut sql).await.unwrap();
        let plan = rows.iter().map(|row| row.get::<String, _>("detail")).collect::<Vec<_>>().join("; ");
        assert!(plan.contains(&format!("INDEX {index} ")) && !plan.contains("TEMP B-TREE"), "{by:?}: {plan}");
    }
}
