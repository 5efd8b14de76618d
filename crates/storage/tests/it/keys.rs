use std::collections::BTreeMap;

use domain::ids::{GroupId, KeyId};
use domain::key::KeyStatus;
use domain::notice::Failures;
use domain::secret::Secret;
use jiff::Timestamp;
use storage::keys::{
    Cooldown, KeyChange, KeyChanges, KeyCounts, KeyFailure, KeyFilter, KeyOrder, KeyScan, KeySearch, KeySort,
};
use storage::{PageRequest, StorageError};
use testkit::servers::Engine;

use crate::support::{TestDb, at, exposed, group, leader, secrets};

const ALL: PageRequest = PageRequest { page: 1, size: 1000 };

/// A database with one group and some keys in it.
async fn with_keys(encryption_key: Option<&str>, keys: &[&str]) -> (TestDb, GroupId, Vec<KeyId>) {
    let test = TestDb::with_key(encryption_key).await;
    let group = test.db.insert_group(&group("g")).await.unwrap().id;
    let added = test.db.insert_keys(group, &secrets(keys)).await.unwrap().added;
    (test, group, added.into_iter().map(|(_, id)| id).collect())
}

async fn page(test: &TestDb, filter: KeyFilter) -> Vec<i64> {
    let page = test.db.keys_page(&filter, ALL).await.unwrap();
    assert_eq!(page.total, page.rows.len() as u64);
    page.rows.iter().map(|key| key.id.0).collect()
}

#[tokio::test]
async fn imports_ignore_what_is_there_and_tell_ids() {
    for encryption_key in [None, Some("k")] {
        let (test, group, ids) = with_keys(encryption_key, &["a", "b"]).await;
        let imported = test.db.insert_keys(group, &secrets(&["b", "c", "c", "a", "d"])).await.unwrap();
        assert_eq!(imported.ignored, 3);
        assert_eq!(imported.added, [(1, KeyId(ids[1].0 + 1)), (4, KeyId(ids[1].0 + 2))]);
        let found = test.db.find_keys(group, &secrets(&["x", "d", "a"])).await.unwrap();
        assert_eq!(found, [(1, imported.added[1].1), (2, ids[0])]);
        assert!(test.db.find_keys(GroupId(99), &secrets(&["a"])).await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn a_long_list_is_imported_whole() {
    let (test, group, _) = with_keys(None, &[]).await;
    let keys: Vec<Secret> = (0..1700).map(|n| Secret::from(format!("key-{n}"))).collect();
    let imported = test.db.insert_keys(group, &keys).await.unwrap();
    assert_eq!((imported.added.len(), imported.ignored), (1700, 0));
    let scanned = test.db.scan_keys(KeyScan::default(), None, 5000).await.unwrap();
    let by_id: BTreeMap<_, _> = scanned.iter().map(|key| (key.id, exposed(key.secret.as_ref()).unwrap())).collect();
    assert!(imported.added.iter().all(|(place, id)| by_id[id] == keys[*place].expose()));
}

#[tokio::test]
async fn a_group_may_have_what_another_has_and_must_exist() {
    let (test, one, _) = with_keys(None, &["a"]).await;
    let two = test.db.insert_group(&group("two")).await.unwrap().id;
    assert_eq!(test.db.insert_keys(two, &secrets(&["a"])).await.unwrap().added.len(), 1);
    assert!(matches!(test.db.insert_keys(GroupId(99), &secrets(&["a"])).await, Err(StorageError::NotFound)));
    let counts = test.db.key_counts().await.unwrap();
    let expected = KeyCounts { active: 1, ..KeyCounts::default() };
    assert_eq!(counts, BTreeMap::from([(one, expected), (two, expected)]));
}

#[tokio::test]
async fn keys_are_stored_encrypted() {
    let (test, ..) = with_keys(Some("k"), &["sk-plain-text"]).await;
    let row = test.run("SELECT key_value, key_hash FROM api_keys").await;
    let (value, hash) = row.trim().split_once('\t').unwrap();
    assert!(!value.contains("plain") && value.len() == 2 * (12 + 13 + 16), "{value}");
    assert_eq!(hash, test.db.cipher().hash("sk-plain-text"));
}

#[tokio::test]
async fn plain_rows_under_an_encryption_key_are_known() {
    let test = TestDb::of_1_4(Some("new")).await;
    let known = secrets(&["sk-ok-openai00", "brand-new"]);
    let imported = test.db.insert_keys(GroupId(1), &known).await.unwrap();
    assert_eq!((imported.added.len(), imported.ignored), (1, 1));
    let filter = KeyFilter { key: Some(known[0].clone()), ..KeyFilter::default() };
    assert_eq!(page(&test, filter).await, [1]);
}

#[tokio::test]
async fn scans_go_by_id_in_pages() {
    let odd = ["quote\"'`", "tab\tnewline\n", "schlüssel-🔑", "{\"json\":[1]}", "back\\slash"];
    for encryption_key in [None, Some("k")] {
        let (test, group, ids) = with_keys(encryption_key, &odd).await;
        let mut texts = Vec::new();
        let mut after = None;
        loop {
            let keys = test.db.scan_keys(KeyScan { group: Some(group), status: None }, after, 2).await.unwrap();
            texts.extend(keys.iter().map(|key| exposed(key.secret.as_ref()).unwrap().to_owned()));
            after = keys.last().map(|key| key.id).or(after);
            if keys.len() < 2 {
                break;
            }
        }
        assert_eq!((texts, after), (odd.map(str::to_owned).to_vec(), ids.last().copied()));
    }
}

#[tokio::test]
async fn scans_by_status_and_odd_rows() {
    let (test, group, ids) = with_keys(None, &["a", "b", "c"]).await;
    // Only SQLite has texts that are none.
    let unreadable = if test.engine == Engine::Sqlite { "CAST(x'ff61' AS text)" } else { "'0011'" };
    let changes = format!(
        "UPDATE api_keys SET status = 'invalid', failure_count = 3 WHERE key_value = 'b';
        UPDATE api_keys SET status = 'from-the-future' WHERE key_value = 'c';
        UPDATE api_keys SET key_value = {unreadable}, key_hash = NULL WHERE key_value = 'a'"
    );
    test.run(&changes).await;
    let invalid = KeyScan { group: Some(group), status: Some(KeyStatus::Invalid) };
    let keys = test.db.scan_keys(invalid, None, 10).await.unwrap();
    assert_eq!(keys.iter().map(|key| (key.id, key.failure_count)).collect::<Vec<_>>(), [(ids[1], 3)]);
    let all = test.db.scan_keys(KeyScan::default(), None, 10).await.unwrap();
    let seen: Vec<_> = all.iter().map(|key| (exposed(key.secret.as_ref()), key.status)).collect();
    assert_eq!(seen, [(None, KeyStatus::Active), (Some("b"), KeyStatus::Invalid), (Some("c"), KeyStatus::Invalid)]);
}

#[tokio::test]
async fn lists_show_the_last_used_first_and_the_never_used_last() {
    let test = TestDb::of_1_4(None).await;
    // Written by 1.4.9 in Shanghai: 17:50 there is 09:50 in UTC, so this is the latest although its text sorts first.
    let used = test.time("2026-11-23 10:55:00.000+00:00");
    test.run(&format!("UPDATE api_keys SET last_used_at = {used} WHERE id = 3")).await;
    let filter = KeyFilter { group: Some(GroupId(1)), ..KeyFilter::default() };
    let keys = test.db.keys_page(&filter, ALL).await.unwrap().rows;
    assert_eq!(keys[0].id, KeyId(3));
    let order: Vec<_> = keys.iter().map(|key| (key.last_used_at, key.id)).collect();
    let mut sorted = order.clone();
    sorted.sort_by(|a, b| b.cmp(a));
    assert_eq!(order, sorted, "None is the least");
}

#[tokio::test]
async fn times_of_last_use_are_rewritten_to_the_same_instant() {
    let test = TestDb::sqlite_of_1_4("sqlite.db", None).await;
    let changes = "UPDATE api_keys SET last_used_at = '2026-11-23T17:50:06.123456789+08:00' WHERE id = 1;
                   UPDATE api_keys SET last_used_at = 'long ago' WHERE id = 2";
    sqlx::raw_sql(changes).execute(&mut test.sql().await).await.unwrap();
    test.db.migrate().await.unwrap();
    let texts: Vec<Option<String>> = sqlx::query_scalar("SELECT last_used_at FROM api_keys WHERE id < 3")
        .fetch_all(&mut test.sql().await)
        .await
        .unwrap();
    assert_eq!(texts, [Some("2026-11-23 09:50:06.123456789+00:00".to_owned()), None]);
}

#[tokio::test]
async fn pages_do_not_overlap() {
    let (test, group, mut ids) = with_keys(None, &["a", "b", "c", "d", "e"]).await;
    let filter = KeyFilter { group: Some(group), ..KeyFilter::default() };
    let mut seen = Vec::new();
    for number in 1..=3 {
        let page = test.db.keys_page(&filter, PageRequest { page: number, size: 2 }).await.unwrap();
        assert_eq!((page.total, page.total_is_estimate), (5, false));
        seen.extend(page.rows.into_iter().map(|key| key.id));
    }
    ids.reverse();
    assert_eq!(seen, ids, "never used: by id, descending");
}

#[tokio::test]
async fn filters_and_orders_of_keys() {
    let (test, group, ids) = with_keys(None, &["a", "b", "c", "d"]).await;
    for (id, notes) in ids.iter().zip(["100% mine", "100x", "under_score!", "UNDERxscore"]) {
        test.db.set_notes(*id, notes).await.unwrap();
    }
    let counts = "UPDATE api_keys SET request_count = 10 - id, failure_count = id % 2; UPDATE api_keys SET status = 'disabled' WHERE id = 2";
    test.run(counts).await;

    let search = |notes: &str, or_ids: &[i64]| KeyFilter {
        search: Some(KeySearch { notes: notes.to_owned(), or_ids: or_ids.iter().copied().map(KeyId).collect() }),
        ..KeyFilter::default()
    };
    assert_eq!(page(&test, search("100%", &[])).await, [1]);
    assert_eq!(page(&test, search("r_s", &[])).await, [3]);
    assert_eq!(page(&test, search("e!", &[])).await, [3]);
    assert_eq!(page(&test, search("100", &[4])).await, [4, 2, 1]);

    let status = KeyFilter { status: Some(KeyStatus::Disabled), ..KeyFilter::default() };
    assert_eq!(page(&test, status).await, [2]);
    // More ids than a statement takes parameters.
    let among =
        KeyFilter { among: Some((3..100_000).map(KeyId).collect()), group: Some(group), ..KeyFilter::default() };
    assert_eq!(page(&test, among).await, [4, 3]);
    assert_eq!(page(&test, KeyFilter { among: Some(Vec::new()), ..KeyFilter::default() }).await, [0_i64; 0]);
    for to in [3, i64::MAX] {
        let ids = KeyFilter { ids: Some(KeyId(2)..=KeyId(to)), group: Some(group), ..KeyFilter::default() };
        assert_eq!(page(&test, ids.clone()).await, if to == 3 { vec![3, 2] } else { vec![4, 3, 2] });
        assert_eq!(page(&test, KeyFilter { but: vec![KeyId(3), KeyId(9)], ..ids }).await.last(), Some(&2));
    }

    let ordered = |by, descending| KeyFilter { order: KeyOrder { by, descending }, ..KeyFilter::default() };
    assert_eq!(page(&test, ordered(KeySort::RequestCount, true)).await, [1, 2, 3, 4]);
    assert_eq!(page(&test, ordered(KeySort::RequestCount, false)).await, [4, 3, 2, 1]);
    assert_eq!(page(&test, ordered(KeySort::FailureCount, true)).await, [3, 1, 4, 2]);
    assert_eq!(page(&test, ordered(KeySort::Id, false)).await, [1, 2, 3, 4]);
    for id in [2, 3] {
        let used = test.time(&format!("2026-01-0{id} 00:00:00.000+00:00"));
        test.run(&format!("UPDATE api_keys SET last_used_at = {used} WHERE id = {id}")).await;
    }
    assert_eq!(page(&test, ordered(KeySort::LastUsedAt, false)).await, [2, 3, 4, 1], "never used stay last");
}

#[tokio::test]
async fn all_ids_that_a_filter_finds_are_told_in_order() {
    let many: Vec<_> = (0..12_000).map(|n| Secret::from(format!("key-{n}"))).collect();
    let (test, group, _) = with_keys(None, &[]).await;
    for keys in many.chunks(storage::keys::SLICE) {
        test.db.insert_keys(group, keys).await.unwrap();
    }
    test.run(
        "UPDATE api_keys SET status = 'invalid' WHERE id > 11000; UPDATE api_keys SET notes = 'mine' WHERE id = 7",
    )
    .await;
    let all = KeyFilter { group: Some(group), ..KeyFilter::default() };
    let found = async |filter: KeyFilter| {
        let ids = test.db.ids_of_keys(&filter).await.unwrap();
        assert!(ids.is_sorted());
        (ids.len(), ids.first().map(|id| id.0), ids.last().map(|id| id.0))
    };
    assert_eq!(found(all.clone()).await, (12_000, Some(1), Some(12_000)));
    let invalid = KeyFilter { status: Some(KeyStatus::Invalid), ..all.clone() };
    assert_eq!(found(invalid.clone()).await, (1000, Some(11_001), Some(12_000)));
    let ids = Some(KeyId(10_500)..=KeyId(11_500));
    assert_eq!(found(KeyFilter { ids: ids.clone(), ..invalid.clone() }).await, (500, Some(11_001), Some(11_500)));
    let among = Some((10_990..=99_999).map(KeyId).collect());
    let some = KeyFilter { ids, among, but: vec![KeyId(10_990), KeyId(11_500)], ..all.clone() };
    assert_eq!(found(some.clone()).await, (509, Some(10_991), Some(11_499)));
    assert_eq!(found(KeyFilter { status: Some(KeyStatus::Invalid), ..some }).await, (499, Some(11_001), Some(11_499)));
    let search = Some(KeySearch { notes: "min".to_owned(), or_ids: vec![KeyId(3), KeyId(11_003)] });
    assert_eq!(found(KeyFilter { search: search.clone(), ..all.clone() }).await, (3, Some(3), Some(11_003)));
    let among = Some(vec![KeyId(7), KeyId(8)]);
    assert_eq!(found(KeyFilter { search, among, ..all.clone() }).await, (1, Some(7), Some(7)));
    let exact = KeyFilter { key: Some(Secret::from("key-41")), ..all.clone() };
    assert_eq!(found(exact).await, (1, Some(42), Some(42)));
    assert_eq!(found(KeyFilter { group: Some(GroupId(99)), ..all }).await, (0, None, None));
}

#[tokio::test]
async fn what_is_known_of_invalid_keys_is_told_of_so_many() {
    let (test, group, ids) = with_keys(None, &["a", "b", "c"]).await;
    test.run("UPDATE api_keys SET status = 'invalid' WHERE id < 3; UPDATE api_keys SET last_status = 401, last_error = 'né' WHERE id <> 2")
        .await;
    let mut faults = test.db.faults_of_invalid_keys(group, 10).await.unwrap();
    faults.sort_unstable();
    assert_eq!((ids.len(), faults), (3, vec![(None, None), (Some(401), Some("né".to_owned()))]));
    assert_eq!(test.db.faults_of_invalid_keys(group, 1).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_status_is_given_to_many_at_once() {
    let (test, group, ids) = with_keys(None, &["a", "b", "c"]).await;
    test.run("UPDATE api_keys SET failure_count = 5").await;
    test.db.set_key_status(&[ids[0], KeyId(99), ids[1]], KeyStatus::Disabled).await.unwrap();
    test.db.set_key_status(&ids[1..2], KeyStatus::Active).await.unwrap();
    let filter = KeyFilter {
        group: Some(group),
        order: KeyOrder { by: KeySort::Id, descending: false },
        ..KeyFilter::default()
    };
    let keys = test.db.keys_page(&filter, ALL).await.unwrap().rows;
    let states: Vec<_> = keys.iter().map(|key| (key.status, key.failure_count)).collect();
    assert_eq!(states, [(KeyStatus::Disabled, 5), (KeyStatus::Active, 0), (KeyStatus::Active, 5)]);
}

#[tokio::test]
async fn postgres_knows_what_it_holds_when_a_slice_follows_another() {
    let test = TestDb::postgres().await;
    let id = test.db.insert_group(&group("g")).await.unwrap().id;
    for keys in [["a", "b"], ["c", "d"]] {
        test.db.insert_keys(id, &secrets(&keys)).await.unwrap();
    }
    let distinct = "SELECT n_distinct FROM pg_stats WHERE tablename = 'api_keys' AND attname = 'key_hash'";
    assert_eq!(test.run(distinct).await.trim(), "-1", "every hash is another");
    let many: Vec<_> = (0..3000).map(|number| format!("sk-{number:040}")).collect();
    let many: Vec<_> = many.iter().map(String::as_str).collect();
    for keys in [&many[..], &["e"]] {
        test.db.insert_keys(id, &secrets(keys)).await.unwrap();
    }
    let known = "SELECT reltuples::bigint FROM pg_class WHERE relname = 'api_keys'";
    assert_eq!(test.run(known).await.trim(), "3004", "it is looked at again when it has grown");
}

#[tokio::test]
async fn deletes_only_what_belongs_to_the_group() {
    let (test, group, ids) = with_keys(None, &["a", "b", "c", "d", "e"]).await;
    let other = test.db.insert_group(&crate::support::group("other")).await.unwrap().id;
    let rest = Cooldown { key_id: ids[0], model: None, until: at("2100-01-01T00:00:00Z"), guessed: true };
    test.db.store_key_changes(&KeyChanges { rests: vec![rest], ..KeyChanges::default() }).await.unwrap();
    assert_eq!(test.db.delete_keys(GroupId(99), &ids).await.unwrap(), 0);
    assert_eq!(test.db.delete_keys(group, &[ids[0], KeyId(77)]).await.unwrap(), 1);
    assert!(test.db.cooldowns(Timestamp::now()).await.unwrap().is_empty());

    let theirs = test.db.insert_keys(other, &secrets(&["z"])).await.unwrap().added[0].1;
    assert_eq!(test.db.delete_next_keys(group, None, 2).await.unwrap(), [ids[1], ids[2]]);
    assert_eq!(test.db.delete_next_keys(group, Some(ids[2]), 3).await.unwrap(), [ids[3], ids[4]]);
    assert_eq!(test.db.delete_next_keys(group, Some(ids[4]), 3).await.unwrap(), []);
    assert_eq!(test.db.delete_next_keys(other, None, 3).await.unwrap(), [theirs]);
    assert!(test.db.key_counts().await.unwrap().is_empty());
}

#[tokio::test]
async fn changes_touch_only_what_they_name() {
    let (test, group, ids) = with_keys(None, &["a", "b"]).await;
    test.db.set_notes(ids[0], "mine").await.unwrap();
    let failed = KeyFailure { message: "quota".to_owned(), status: Some(429), at: at("2026-05-06T07:08:09.123Z") };
    let change = KeyChange {
        id: ids[0],
        status: Some(KeyStatus::Invalid),
        failures: Failures { forgiven: false, added: 3 },
        last_error: Some(failed),
    };
    let nothing = KeyChange { id: ids[1], status: None, failures: Failures::default(), last_error: None };
    let gone = KeyChange { id: KeyId(99), ..nothing.clone() };
    test.db
        .store_key_changes(&KeyChanges { states: vec![change, nothing, gone], ..KeyChanges::default() })
        .await
        .unwrap();

    let filter = KeyFilter { group: Some(group), ..KeyFilter::default() };
    let keys = test.db.keys_page(&filter, ALL).await.unwrap().rows;
    let (b, a) = (&keys[0], &keys[1]);
    assert_eq!((a.status, a.failure_count, a.notes.as_str()), (KeyStatus::Invalid, 3, "mine"));
    assert_eq!((a.last_error.as_deref(), a.last_status), (Some("quota"), Some(429)));
    assert_eq!(a.last_error_at, Some(at("2026-05-06T07:08:09.123Z")));
    assert_eq!((b.status, b.failure_count, b.last_error.as_deref()), (KeyStatus::Active, 0, None));
    assert!(matches!(test.db.set_notes(KeyId(99), "").await, Err(StorageError::NotFound)));
}

#[tokio::test]
async fn rests_are_kept_until_they_are_over() {
    let (test, _, ids) = with_keys(None, &["a", "b"]).await;
    let rest = |id, model: Option<&str>, until| Cooldown {
        key_id: id,
        model: model.map(str::to_owned),
        until: at(until),
        guessed: model.is_none(),
    };
    let whole = rest(ids[0], None, "2026-01-01T00:10:00Z");
    let one_model = rest(ids[0], Some("m"), "2026-01-01T00:20:00Z");
    let over = rest(ids[1], None, "2026-01-01T00:05:00Z");
    test.db
        .store_key_changes(&KeyChanges { rests: vec![whole.clone(), one_model.clone(), over], ..KeyChanges::default() })
        .await
        .unwrap();
    let longer = rest(ids[0], Some("m"), "2026-01-01T00:30:00Z");
    test.db.store_key_changes(&KeyChanges { rests: vec![longer.clone()], ..KeyChanges::default() }).await.unwrap();

    assert_eq!(test.db.cooldowns(at("2026-01-01T00:05:00Z")).await.unwrap(), [whole, longer.clone()]);
    assert_eq!(test.db.cooldowns(at("2026-01-01T00:10:00Z")).await.unwrap(), std::slice::from_ref(&longer));
    let held = leader(&test.db).await;
    test.db.delete_ended_cooldowns(held, at("2026-01-01T00:29:59Z")).await.unwrap();
    assert_eq!(test.db.cooldowns(at("2026-01-01T00:00:00Z")).await.unwrap(), [longer]);
    test.db.delete_ended_cooldowns(held, at("2026-01-01T00:30:00Z")).await.unwrap();
    assert!(test.db.cooldowns(at("2026-01-01T00:00:00Z")).await.unwrap().is_empty());
    test.db.store_key_changes(&KeyChanges { rested: ids, ..KeyChanges::default() }).await.unwrap();
    assert!(test.db.cooldowns(at("2026-01-01T00:00:00Z")).await.unwrap().is_empty());
}
