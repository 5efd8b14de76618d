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
    let test = TestDb::of_1_4(None).await;
    test.db.put_settings(&[change("max_retries", Some("9"))]).await.unwrap();
    let query = "SELECT setting_value, description, created_at FROM system_settings WHERE setting_key = 'max_retries'";
    let row = test.run(query).await;
    assert!(row.starts_with("9\tconfig.max_retries_desc\t2026-11-23 "), "{row}");
}

#[tokio::test]
async fn changes_are_all_or_none() {
    let test = TestDb::new().await;
    test.refuse("system_settings", "setting_key", "bad").await;
    test.db.put_settings(&[change("good", Some("1")), change("bad", Some("2"))]).await.unwrap_err();
    assert!(test.db.stored_settings().await.unwrap().is_empty());
}
