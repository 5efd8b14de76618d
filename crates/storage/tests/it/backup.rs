//! Backups, from one database into another.

use std::io::Cursor;

use domain::group::{GroupKind, GroupSpec, SubGroup};
use domain::key::Key;
use domain::secret::Secret;
use jiff::Timestamp;
use serde_json::{Value, json};
use storage::backup::{Backup, BackupError, BackupFault, Checked, Counts, Existing, Export, Passphrase, Restored};
use storage::keys::{KeyFilter, KeyOrder, KeySort};
use storage::{Db, PageRequest};

use crate::support::{TestDb, group, secrets};

fn passphrase(text: &str) -> Passphrase {
    Passphrase::new(text.into()).unwrap()
}

async fn backup(db: &Db, passphrase: Option<&Passphrase>) -> String {
    let mut export = Export::new(db.clone(), passphrase).unwrap();
    let mut text = String::new();
    while let Some(lines) = export.next().await.unwrap() {
        text.push_str(&lines);
    }
    text
}

fn read(text: &str, passphrase: Option<&Passphrase>) -> Result<Checked<Cursor<Vec<u8>>>, BackupError> {
    Backup::open(Cursor::new(text.as_bytes().to_vec()))?.check(passphrase)
}

async fn restore(
    db: &Db,
    text: &str,
    passphrase: Option<&Passphrase>,
    existing: Existing,
) -> Result<Restored, BackupError> {
    db.restore(&mut read(text, passphrase)?, existing).await
}

async fn keys(db: &Db) -> Vec<Key> {
    let by_id = KeyOrder { by: KeySort::Id, descending: false };
    let filter = KeyFilter { order: by_id, ..KeyFilter::default() };
    db.keys_page(&filter, PageRequest { page: 1, size: 10_000 }).await.unwrap().rows
}

/// Everything that a backup carries, ids left out. As JSON, for databases may change the order of members.
async fn carried(db: &Db) -> Vec<Value> {
    let mut groups = db.groups().await.unwrap();
    groups.sort_by_key(|group| group.id);
    let name = |id| groups.iter().find(|group| group.id == id).map(|group| &group.spec.name);
    let mut all = Vec::new();
    all.extend(groups.iter().map(|group| json!([group.enabled, group.spec])));
    let links = db.sub_groups().await.unwrap();
    all.extend(links.iter().map(|link| json!([name(link.group_id), name(link.sub_group_id), link.weight])));
    all.extend(db.stored_settings().await.unwrap().iter().map(|setting| json!(setting)));
    all.extend(keys(db).await.iter().map(|key| {
        let secret = key.secret.as_ref().map(Secret::expose);
        let counts = (key.status, &key.notes, key.request_count, key.failure_count);
        let failure = (&key.last_error, key.last_error_at.map(Timestamp::as_millisecond), key.last_status);
        // Databases keep milliseconds; 1.4.x wrote more.
        let times = (key.last_used_at.map(Timestamp::as_millisecond), key.created_at.as_millisecond());
        json!([name(key.group_id), secret, counts, failure, times])
    }));
    all
}

/// Two standard groups, an aggregate of them, some keys and a setting.
async fn small(db: &Db) {
    let plain = db.insert_group(&GroupSpec { proxy_keys: "sk-client".to_owned(), ..group("plain") }).await.unwrap();
    let other = db.insert_group(&group("other")).await.unwrap();
    let all = db.insert_group(&GroupSpec { kind: GroupKind::Aggregate, ..group("all") }).await.unwrap();
    let link = |member, weight| SubGroup { group_id: all.id, sub_group_id: member, weight };
    db.add_sub_groups(&[link(plain.id, 3), link(other.id, 0)]).await.unwrap();
    db.set_group_enabled(other.id, false).await.unwrap();
    db.insert_keys(plain.id, &secrets(&["sk-plain-1", "sk-plain-2"])).await.unwrap();
    db.insert_keys(other.id, &secrets(&["sk-other-1"])).await.unwrap();
    db.set_notes(keys(db).await[1].id, "an \"odd\"\nnote").await.unwrap();
    db.put_settings(&[("max_retries".to_owned(), Some("7".to_owned()))]).await.unwrap();
}

#[tokio::test]
async fn a_database_of_1_4_9_goes_into_one_with_another_encryption_key() {
    let from = TestDb::sqlite_of_1_4("sqlite.db", None).await;
    let to = TestDb::with_key(Some("the key of the other database")).await;
    let passphrase = passphrase("correct horse");
    let text = backup(&from.db, Some(&passphrase)).await;
    let done = restore(&to.db, &text, Some(&passphrase), Existing::Refuse).await.unwrap();
    let wanted = carried(&from.db).await;
    assert!(done.counts.keys > 20 && done.counts.sub_groups > 0 && done.groups.len() > 5, "{done:?}");
    assert_eq!(carried(&to.db).await, wanted);
    assert!(to.db.encryption_state().await.unwrap().scenario.is_none());

    let plain = backup(&to.db, None).await;
    assert!(plain.lines().all(|line| line.starts_with('{')));
    let back = TestDb::sqlite().await;
    restore(&back.db, &plain, None, Existing::Refuse).await.unwrap();
    assert_eq!(carried(&back.db).await, wanted);
}

#[tokio::test]
async fn keys_of_several_pages_arrive_in_their_order() {
    let (from, to) = (TestDb::new().await, TestDb::new().await);
    let id = from.db.insert_group(&group("g")).await.unwrap().id;
    let texts: Vec<_> = (0..2500).map(|number| Secret::from(format!("sk-{number}"))).collect();
    from.db.insert_keys(id, &texts).await.unwrap();
    let text = backup(&from.db, None).await;
    restore(&to.db, &text, None, Existing::Refuse).await.unwrap();
    let secrets: Vec<_> = keys(&to.db).await.into_iter().map(|key| key.secret.unwrap()).collect();
    assert_eq!(secrets, texts);
}

#[tokio::test]
async fn a_sealed_backup_shows_nothing_and_no_two_are_alike() {
    let test = TestDb::new().await;
    small(&test.db).await;
    let passphrase = passphrase("correct horse");
    let (one, two) = (backup(&test.db, Some(&passphrase)).await, backup(&test.db, Some(&passphrase)).await);
    for word in ["sk-", "plain", "client", "example.com", "max_retries", "horse"] {
        assert!(!one.contains(word), "{word}");
    }
    assert!(one.lines().skip(1).zip(two.lines().skip(1)).all(|(one, two)| one != two));
}

#[tokio::test]
async fn what_is_damaged_is_refused_with_a_reason_and_changes_nothing() {
    let (from, to) = (TestDb::new().await, TestDb::new().await);
    small(&from.db).await;
    let right = passphrase("correct horse");
    let (sealed, plain) = (backup(&from.db, Some(&right)).await, backup(&from.db, None).await);
    let edited = |text: &str, edit: &dyn Fn(&mut Vec<&str>)| {
        let mut lines: Vec<_> = text.lines().collect();
        edit(&mut lines);
        lines.join("\n") + "\n"
    };
    let swapped = |text: &str| edited(text, &|lines| lines.swap(2, 3));
    let without_a_line = |text: &str| edited(text, &|lines| _ = lines.remove(4));
    let cases = [
        (sealed.clone(), Some(passphrase("wrong")), "the passphrase is wrong"),
        (sealed.clone(), None, "a passphrase is needed"),
        (swapped(&sealed), Some(right.clone()), "line 3 of the backup is damaged"),
        (without_a_line(&sealed), Some(right.clone()), "line 5 of the backup is damaged"),
        (sealed.replacen("\"salt\":\"", "\"salt\":\"AAAA", 1), Some(right.clone()), "the passphrase is wrong"),
        (sealed.replacen("chacha20-poly1305", "rot13", 1), Some(right.clone()), "nothing known of the seal"),
        (without_a_line(&plain), None, "damaged"),
        (plain.replacen("\"status\":\"active\"", "\"status\":\"asleep\"", 1), None, "it is none that a backup has"),
        (plain.replace("{\"key\":{\"group\":\"plain\"", "{\"key\":{\"group\":\"gone\""), None, "no such group"),
        (plain.replace("\"sub_group\":\"other\"", "\"sub_group\":\"gone\""), None, "no such groups"),
        (plain.replace("\"name\":\"other\"", "\"name\":\"plain\""), None, "a group of this name came before"),
        (plain.replace("\"name\":\"other\"", "\"name\":\"\""), None, "a group has no name"),
        (edited(&plain, &|lines| lines.push("{}")), None, "it comes after the last one"),
        (plain.replacen("\"version\":1", "\"version\":2", 1), None, "version 2; this program knows versions up to 1"),
        ("{\"format\":\"another\",\"version\":1}\n".to_owned(), None, "no backup of GPT-Load"),
        ("sk-1\nsk-2\n".to_owned(), None, "no backup of GPT-Load"),
        (String::new(), None, "no backup of GPT-Load"),
    ];
    for (text, passphrase, said) in cases {
        let error = restore(&to.db, &text, passphrase.as_ref(), Existing::Refuse).await.unwrap_err();
        assert!(error.to_string().contains(said), "{said}: {error}");
        assert!(!error.to_string().contains("sk-"), "{error}");
    }
    assert!(to.db.groups().await.unwrap().is_empty() && to.db.stored_settings().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_file_that_was_cut_anywhere_is_known() {
    let test = TestDb::new().await;
    small(&test.db).await;
    let all = backup(&test.db, None).await;
    let head = all.find('\n').unwrap();
    for end in 0..all.len() {
        match read(&all[..end], None) {
            Err(BackupError::Fault(BackupFault::NoBackup)) if end <= head => {}
            Err(BackupError::Fault(BackupFault::Cut { line })) if end > head => assert!(line >= 1),
            other => panic!("cut at {end}: {other:?}"),
        }
    }
    let counts = Counts { settings: 1, groups: 3, sub_groups: 2, keys: 3, left_out: 0 };
    assert_eq!(read(&all, None).unwrap().counts(), counts);
}

#[tokio::test]
async fn groups_that_exist_are_named_and_nothing_is_done() {
    let (from, to) = (TestDb::new().await, TestDb::new().await);
    small(&from.db).await;
    for name in ["plain", "all", "mine"] {
        to.db.insert_group(&group(name)).await.unwrap();
    }
    let before = carried(&to.db).await;
    let text = backup(&from.db, None).await;
    let error = restore(&to.db, &text, None, Existing::Refuse).await.unwrap_err();
    assert_eq!(error.to_string(), "2 groups of the backup exist already: all, plain");
    assert_eq!(carried(&to.db).await, before);
}

#[tokio::test]
async fn what_exists_can_be_kept_and_the_rest_restored() {
    let (from, to) = (TestDb::new().await, TestDb::new().await);
    small(&from.db).await;
    let plain = to.db.insert_group(&group("plain")).await.unwrap().id;
    to.db.insert_keys(plain, &secrets(&["sk-mine"])).await.unwrap();
    to.db.put_settings(&[("max_retries".to_owned(), Some("1".to_owned()))]).await.unwrap();
    let text = backup(&from.db, None).await;
    let done = restore(&to.db, &text, None, Existing::Keep).await.unwrap();
    assert_eq!(done.kept, ["plain"]);
    assert_eq!(done.counts, Counts { settings: 0, groups: 2, sub_groups: 2, keys: 1, left_out: 0 });
    let of_plain = keys(&to.db).await.into_iter().filter(|key| key.group_id == plain).count();
    assert_eq!((of_plain, to.db.stored_settings().await.unwrap()["max_retries"].as_str()), (1, "1"));
    assert!(to.db.sub_groups().await.unwrap().iter().any(|link| link.sub_group_id == plain && link.weight == 3));
    let again = restore(&to.db, &text, None, Existing::Keep).await.unwrap();
    assert_eq!((again.counts, again.kept.len()), (Counts::default(), 3));
}

#[tokio::test]
async fn a_database_that_refuses_a_row_keeps_none() {
    let (from, to) = (TestDb::new().await, TestDb::new().await);
    small(&from.db).await;
    to.refuse("api_keys", "status", "active").await;
    let text = backup(&from.db, None).await;
    let error = restore(&to.db, &text, None, Existing::Refuse).await.unwrap_err();
    assert!(matches!(error, BackupError::Storage(_)), "{error}");
    assert!(carried(&to.db).await.is_empty());
}

#[tokio::test]
async fn there_is_no_backup_without_the_keys() {
    let test = TestDb::sqlite_of_1_4("sqlite-encrypted.db", Some("another key")).await;
    let error = Export::new(test.db.clone(), None).unwrap().next().await.unwrap_err();
    assert!(matches!(error, BackupError::Fault(BackupFault::UnreadableKeys)), "{error}");
}

#[tokio::test]
async fn a_key_in_the_midst_that_can_not_be_read_is_left_out_and_counted() {
    let (from, to) = (TestDb::new().await, TestDb::new().await);
    let id = from.db.insert_group(&group("g")).await.unwrap().id;
    let texts: Vec<_> = (0..200).map(|number| Secret::from(format!("sk-{number}"))).collect();
    from.db.insert_keys(id, &texts).await.unwrap();
    from.run("UPDATE api_keys SET key_value = 'abcdef' WHERE id = 100").await;
    let text = backup(&from.db, None).await;
    let mut checked = read(&text, None).unwrap();
    assert_eq!((checked.counts().keys, checked.counts().left_out), (199, 1));
    to.db.restore(&mut checked, Existing::Refuse).await.unwrap();
    assert_eq!(keys(&to.db).await.len(), 199);
}
