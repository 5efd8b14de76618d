//! What is in memory at first and in the end.

use std::sync::Arc;

use domain::group::{ChannelType, GroupKind, GroupSpec};
use domain::notice::Failures;
use domain::secret::Secret;
use jiff::Timestamp;
use storage::keys::{Cooldown, KeyChange, KeyChanges};
use storage::{Dsn, KeyCipher};

use super::*;

/// A group with this many keys, and their ids.
async fn group(db: &Db, name: &str, count: usize) -> (GroupId, Vec<KeyId>) {
    let spec = GroupSpec { name: name.to_owned(), ..GroupSpec::blank(GroupKind::Standard, ChannelType::OpenAi) };
    let group = db.insert_group(&spec).await.unwrap().id;
    let keys: Vec<_> = (0..count).map(|number| Secret::from(format!("sk-{name}-{number}"))).collect();
    let added = db.insert_keys(group, &keys).await.unwrap().added;
    (group, added.into_iter().map(|(_, id)| id).collect())
}

async fn set_status(db: &Db, ids: &[KeyId], status: KeyStatus) {
    let change =
        |id: &KeyId| KeyChange { id: *id, status: Some(status), failures: Failures::default(), last_error: None };
    db.store_key_changes(&KeyChanges { states: ids.iter().map(change).collect(), ..KeyChanges::default() })
        .await
        .unwrap();
}

async fn database() -> Db {
    let db = Db::open(&Dsn::Memory, Arc::new(KeyCipher::new(None).unwrap())).await.unwrap();
    db.migrate().await.unwrap();
    db
}

fn rest(key_id: KeyId) -> Cooldown {
    let until = Timestamp::now() + jiff::SignedDuration::from_hours(1);
    Cooldown { key_id, model: None, until, guessed: false }
}

#[tokio::test]
async fn every_group_can_serve_before_the_last_key_is_loaded() {
    let (db, keyring) = (database().await, Keyring::default());
    let many = 2 * FIRST_KEYS as usize + 10;
    let (large, of_large) = group(&db, "large", many).await;
    let (small, _) = group(&db, "small", 2).await;
    let (resting, of_resting) = group(&db, "resting", many).await;
    set_status(&db, &of_large[..5], KeyStatus::Invalid).await;
    let rests: Vec<_> = of_resting[..FIRST_KEYS as usize].iter().map(|id| rest(*id)).collect();
    db.store_key_changes(&KeyChanges { rests, ..KeyChanges::default() }).await.unwrap();

    let loading = Loading::begin(db, &keyring).await.unwrap();
    let loaded = loading.loaded();
    let count = |group| keyring.pool(group).census(None, clock::mono_ms()).total;
    assert_eq!((count(large), count(small)), (FIRST_KEYS as usize, 2));
    assert_eq!(count(resting), 2 * FIRST_KEYS as usize, "the first ones all rest");
    for group in [large, small, resting] {
        assert!(keyring.pool(group).has_usable(None, clock::mono_ms()));
    }
    assert!(!*loaded.0.borrow());

    loading.finish(&keyring).await;
    loaded.wait().await;
    assert_eq!((count(large), count(small), count(resting)), (many, 2, many));
    let census = keyring.pool(large).census(None, clock::mono_ms());
    assert_eq!((census.invalid, census.usable), (5, many - 5));
    assert_eq!(keyring.pool(resting).census(None, clock::mono_ms()).resting, FIRST_KEYS as usize);
}

#[tokio::test]
async fn what_memory_knows_of_a_key_is_not_overwritten() {
    let (db, keyring) = (database().await, Keyring::default());
    let (group, ids) = group(&db, "g", 3).await;
    let loading = Loading::begin(db, &keyring).await.unwrap();
    keyring.pool(group).set_status(&ids[..1], KeyStatus::Invalid);
    loading.finish(&keyring).await;
    assert_eq!(keyring.pool(group).get(ids[0]).unwrap().status(), KeyStatus::Invalid);
}

#[tokio::test]
async fn a_loading_that_is_given_up_keeps_nobody_waiting() {
    let (db, keyring) = (database().await, Keyring::default());
    let loading = Loading::begin(db, &keyring).await.unwrap();
    let loaded = loading.loaded();
    drop(loading);
    loaded.wait().await;
}
