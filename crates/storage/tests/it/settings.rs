use crate::support::TestDb;

fn change(key: &str, value: Option<&str>) -> (String, Option<String>) {
    (key.to_owned(), value.map(str::to_owned))
}

#[tokio::test]
async fn settings_are_stored_replaced_and_reset() {
    let test = TestDb::new().await;
    test.db.put_settings(&[change("a", Some("1")), change("b", Some(""))]).await.unwrap();
    test.db.put_settings(&[change("a", Some("2")), change("b", None), change("c", None)]).await.unwrap();
    let stored = test.db.stored_settings().await.unwrap();
    assert_eq!(stored.into_iter().collect::<Vec<_>>(), [("a".to_owned(), "2".to_owned())]);
}

#[tokio::test]
async fn a_replaced_row_keeps_its_description_and_birthday() {
    let test = TestDb::adopted("sqlite.db", None).await;
    test.db.put_settings(&[change("max_retries", Some("9"))]).await.unwrap();
    let row: (String, String, String) = sqlx::query_as(
        "SELECT setting_value, description, created_at FROM system_settings WHERE setting_key = 'max_retries'",
    )
    .fetch_one(&mut test.sql().await)
    .await
    .unwrap();
    assert_eq!((row.0.as_str(), row.1.as_str()), ("9", "config.max_retries_desc"));
    assert!(row.2.starts_with("2026-11-23 17:50:06."), "{}", row.2);
}

#[tokio::test]
async fn changes_are_all_or_none() {
    let test = TestDb::new().await;
    sqlx::raw_sql("CREATE TRIGGER refuse BEFORE INSERT ON system_settings WHEN new.setting_key = 'bad' BEGIN SELECT raise(ABORT, 'no'); END")
        .execute(&mut test.sql().await)
        .await
        .unwrap();
    test.db.put_settings(&[change("good", Some("1")), change("bad", Some("2"))]).await.unwrap_err();
    assert!(test.db.stored_settings().await.unwrap().is_empty());
}
