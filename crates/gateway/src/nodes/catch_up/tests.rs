//! What another node has done to the database comes into this one's memory.

use std::num::NonZeroUsize;

use domain::group::{ChannelType, GroupKind, GroupSpec};
use domain::key::KeyStatus;
use domain::notice::{Failures, KeyNews, RestNews};
use domain::secret::Secret;
use jiff::Timestamp;
use storage::keys::{Cooldown, KeyChange, KeyChanges};
use storage::{Dsn, KeyCipher};

use super::*;
use crate::clock;
use crate::keyring::changes::Taken;
use crate::snapshot::Current;

async fn node() -> CatchUp {
    let db = Db::open(&Dsn::Memory, Arc::new(KeyCipher::new(None).unwrap())).await.unwrap();
    db.migrate().await.unwrap();
    let keyring = Arc::new(Keyring::default());
    let publisher =
        Publisher::new(Current::default(), db.clone(), Arc::clone(&keyring), Arc::default(), NonZeroUsize::MIN);
    CatchUp { db, keyring, publisher: Arc::new(publisher) }
}

impl CatchUp {
    async fn make_group(&self, name: &str) -> GroupId {
        let spec = GroupSpec { name: name.to_owned(), ..GroupSpec::blank(GroupKind::Standard, ChannelType::OpenAi) };
        self.db.insert_group(&spec).await.unwrap().id
    }

    async fn add_keys(&self, group: GroupId, keys: &[&str]) -> Vec<KeyId> {
        let keys: Vec<_> = keys.iter().map(|key| Secret::from(*key)).collect();
        self.db.insert_keys(group, &keys).await.unwrap().added.into_iter().map(|(_, id)| id).collect()
    }

    async fn set(&self, id: KeyId, status: KeyStatus, failures: u32) {
        let failures = Failures { forgiven: true, added: failures };
        let change = KeyChange { id, status: Some(status), failures, last_error: None };
        self.db.store_key_changes(&KeyChanges { states: vec![change], ..KeyChanges::default() }).await.unwrap();
    }

    /// Takes up what a notice names. Returns the keys that are still to be read.
    async fn told(&self, notice: Notice) -> Vec<KeyId> {
        let mut wanted = Wanted::default();
        wanted.add(Some(&notice));
        self.read(&mut wanted).await.unwrap();
        wanted.keys.into_keys().collect()
    }

    fn states(&self, group: GroupId) -> Vec<(i64, KeyStatus, u32)> {
        let keys = self.keyring.pool(group).keys();
        let mut states: Vec<_> = keys.iter().map(|key| (key.id.0, key.status(), key.failures())).collect();
        states.sort_unstable_by_key(|(id, ..)| *id);
        states
    }
}

#[tokio::test]
async fn keys_come_change_and_go() {
    let node = node().await;
    let group = node.make_group("g").await;
    let ids = node.add_keys(group, &["one", "two", "three"]).await;
    assert_eq!(node.told(Notice::of_keys(group, ids.clone())).await, []);
    let fresh = |id: &KeyId| (id.0, KeyStatus::Active, 0);
    assert_eq!(node.states(group), ids.iter().map(fresh).collect::<Vec<_>>());

    node.set(ids[0], KeyStatus::Invalid, 3).await;
    node.db.delete_keys(group, &ids[1..2]).await.unwrap();
    node.told(Notice::of_keys(group, ids.clone())).await;
    assert_eq!(node.states(group), [(ids[0].0, KeyStatus::Invalid, 3), fresh(&ids[2])]);
}

#[tokio::test]
async fn a_key_that_has_just_changed_here_is_read_again_later() {
    let node = node().await;
    let group = node.make_group("g").await;
    let ids = node.add_keys(group, &["one", "two"]).await;
    node.told(Notice::of_keys(group, ids.clone())).await;
    node.keyring.pool(group).set_status(&ids[..1], KeyStatus::Disabled);
    node.set(ids[1], KeyStatus::Invalid, 1).await;
    let notice = Notice::of_keys(group, ids.clone());
    assert_eq!(node.told(notice.clone()).await, ids[..1]);
    assert_eq!(node.states(group), [(ids[0].0, KeyStatus::Disabled, 0), (ids[1].0, KeyStatus::Invalid, 1)]);
    drop(node.keyring.changes().take());
    node.keyring.changes().put_back(Taken::default());
    assert_eq!(node.told(notice).await, [], "what was stored in between is read");
    assert_eq!(node.states(group)[0].1, KeyStatus::Active);
}

#[tokio::test]
async fn groups_and_settings_are_put_in_force_and_what_is_gone_is_forgotten() {
    let node = node().await;
    let group = node.make_group("g").await;
    let ids = node.add_keys(group, &["one"]).await;
    node.db.put_settings(&[("blacklist_threshold".to_owned(), Some("7".to_owned()))]).await.unwrap();
    node.told(Notice { configuration: true, groups: vec![group], ..Notice::default() }).await;
    let snapshot = node.publisher.current();
    assert_eq!(snapshot.service(group).unwrap().settings.blacklist_threshold, 7);
    assert_eq!(node.states(group), [(ids[0].0, KeyStatus::Active, 0)]);

    node.db.delete_group(group).await.unwrap();
    node.told(Notice { configuration: true, gone: vec![group], ..Notice::default() }).await;
    assert!(node.publisher.current().route("g").is_none() && !node.keyring.groups().contains(&group));
}

#[tokio::test]
async fn who_was_away_too_long_reads_everything() {
    let node = node().await;
    let (stays, goes) = (node.make_group("stays").await, node.make_group("goes").await);
    let ids = node.add_keys(stays, &["one", "two"]).await;
    node.add_keys(goes, &["three"]).await;
    let everything = async || {
        let mut wanted = Wanted { everything: true, ..Wanted::default() };
        node.read(&mut wanted).await.unwrap();
        assert!(wanted.is_empty());
    };
    everything().await;
    node.db.delete_group(goes).await.unwrap();
    node.db.delete_keys(stays, &ids[..1]).await.unwrap();
    let new = node.add_keys(stays, &["four"]).await;
    let until = Timestamp::now() + jiff::SignedDuration::from_hours(1);
    node.db
        .store_key_changes(&KeyChanges {
            rests: vec![Cooldown { key_id: new[0], model: None, until, guessed: false }],
            ..KeyChanges::default()
        })
        .await
        .unwrap();
    everything().await;
    assert_eq!(node.states(stays).iter().map(|state| state.0).collect::<Vec<_>>(), [ids[1].0, new[0].0]);
    assert_eq!(node.keyring.pool(stays).resting(clock::mono_ms()), new);
    assert_eq!((node.keyring.groups(), node.publisher.current().routes().count()), (vec![stays], 1));
}

#[tokio::test]
async fn what_is_only_told_is_in_force_without_the_database() {
    let node = node().await;
    let group = node.make_group("g").await;
    let ids = node.add_keys(group, &["one", "two"]).await;
    node.told(Notice { configuration: true, groups: vec![group], ..Notice::default() }).await;
    node.db.close().await;
    let news = |key, status, rests| KeyNews {
        group,
        key,
        status,
        failures: Failures::default().and_one(),
        fault: None,
        rests_cleared: false,
        rests,
    };
    let until = Timestamp::now() + jiff::SignedDuration::from_secs(60);
    let rest = RestNews { model: String::new(), until, guessed: false };
    let news = vec![news(ids[0], Some(KeyStatus::Invalid), vec![]), news(ids[1], None, vec![rest])];
    node.hear(&Notice { news, ..Notice::default() });
    assert_eq!(node.states(group), [(ids[0].0, KeyStatus::Invalid, 1), (ids[1].0, KeyStatus::Active, 1)]);
    assert_eq!(node.keyring.pool(group).resting(clock::mono_ms()), [ids[1]]);
}
