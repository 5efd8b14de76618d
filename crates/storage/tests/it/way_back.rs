//! What we have written, GPT-Load 1.4.x reads: every column of its tables holds the type and the form that its driver takes.
//! Of SQLite only, whose columns take values of any type.

use domain::group::{GroupKind, GroupSpec, SubGroup};
use domain::key::KeyStatus;
use domain::notice::Failures;
use jiff::Timestamp;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, SqliteConnection};
use storage::keys::{KeyChange, KeyChanges, KeyFailure};

use crate::store::store;
use crate::support::{TestDb, fixture, group, leader, record, secrets, sql};

/// Everything that stores something, but deletions.
async fn write_everything(test: &TestDb) {
    let db = &test.db;
    let spec = GroupSpec {
        config: json!({"max_retries": 2}).as_object().unwrap().clone(),
        param_overrides: serde_json::from_str(r#"{"n":12345678901234567000}"#).unwrap(),
        model_redirect_strict: true,
        ..group("written")
    };
    let (plain, member) = (db.insert_group(&group("plain")).await.unwrap(), db.insert_group(&spec).await.unwrap());
    db.update_group(member.id, &GroupSpec { description: "changed".to_owned(), ..spec }).await.unwrap();
    db.set_group_validated(leader(db).await, member.id, Timestamp::now()).await.unwrap();
    db.set_group_enabled(plain.id, false).await.unwrap();
    db.reorder_groups(&[(plain.id, 7)]).await.unwrap();
    let mut aggregate = group("aggregate");
    (aggregate.kind, aggregate.upstreams) = (GroupKind::Aggregate, Vec::new());
    let aggregate = db.insert_group(&aggregate).await.unwrap();
    let link = SubGroup { group_id: aggregate.id, sub_group_id: member.id, weight: 3 };
    db.add_sub_groups(&[link]).await.unwrap();
    db.set_sub_group_weight(SubGroup { weight: 4, ..link }).await.unwrap();
    let added = db.insert_keys(member.id, &secrets(&["sk-way-back-1", "sk-way-back-2"])).await.unwrap().added;
    let (_, key) = added[0];
    db.set_notes(key, "a note").await.unwrap();
    let failure = KeyFailure { message: "no".to_owned(), status: Some(401), at: Timestamp::now() };
    let (status, failures) = (Some(KeyStatus::Invalid), Failures { forgiven: true, added: 3 });
    let change = KeyChange { id: key, status, failures, last_error: Some(failure) };
    db.store_key_changes(&KeyChanges { states: vec![change], ..KeyChanges::default() }).await.unwrap();
    db.put_settings(&[("max_retries".to_owned(), Some("4".to_owned()))]).await.unwrap();
    let now = Timestamp::now().as_millisecond();
    let mut with_key = record(1, now, Some(key));
    with_key.group_id = member.id;
    with_key.key = std::borrow::Cow::Owned(db.cipher().store(&"sk-way-back-1".into()).unwrap());
    store(test, vec![with_key, record(2, now, None)]).await;
}

/// Columns of 1.4.9: table, name, declared type.
async fn columns() -> Vec<(String, String, String)> {
    let all = "SELECT m.name, c.name, lower(c.type) FROM sqlite_master m JOIN pragma_table_info(m.name) c
               WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite%'";
    sqlx::query_as(all).fetch_all(&mut sql(&fixture("sqlite.db")).await).await.unwrap()
}

/// Type and text of all values of a column.
async fn values(db: &mut SqliteConnection, table: &str, column: &str) -> Vec<(String, String)> {
    let all = format!("SELECT typeof(`{column}`), coalesce(CAST(`{column}` AS text), '') FROM `{table}`");
    sqlx::query_as(AssertSqlSafe(all)).fetch_all(db).await.unwrap()
}

/// As Go's driver writes times and reads them back, with any offset.
fn is_time(text: &str) -> bool {
    // Each digit as 0.
    let shape: String = text.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    let (head, rest) = shape.split_at_checked(19).unwrap_or((&shape, ""));
    let fraction = rest.strip_suffix("+00:00").unwrap_or("no offset");
    let is_fraction = fraction.is_empty() || (fraction.starts_with(".0") && fraction.len() <= 10);
    head == "0000-00-00 00:00:00" && is_fraction
}

#[tokio::test]
async fn every_column_of_1_4_holds_what_its_driver_reads() {
    let columns = columns().await;
    assert_eq!(columns.len(), 69, "{columns:?}");
    for test in [TestDb::sqlite().await, TestDb::sqlite_of_1_4("sqlite.db", None).await] {
        write_everything(&test).await;
        let mut db = test.sql().await;
        for (table, column, declared) in &columns {
            let values = values(&mut db, table, column).await;
            assert!(!values.is_empty(), "{table} has no row");
            for (kind, text) in values {
                let may_be_null = ["last_used_at", "last_validated_at"].contains(&column.as_str());
                let fits = match declared.as_str() {
                    _ if kind == "null" => may_be_null,
                    "integer" => kind == "integer",
                    "numeric" => kind == "integer" && ["0", "1"].contains(&text.as_str()),
                    "datetime" => kind == "text" && is_time(&text),
                    "json" => kind == "text" && serde_json::from_str::<Value>(&text).is_ok(),
                    _ => kind == "text",
                };
                assert!(fits, "{table}.{column} ({declared}) holds a {kind}: {text:?}");
            }
        }
    }
}
