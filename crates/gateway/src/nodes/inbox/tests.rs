use std::num::NonZeroUsize;

use domain::ids::{GroupId, KeyId};
use domain::key::KeyStatus;
use domain::notice::{Failures, KeyNews};
use domain::secret::Secret;
use storage::{Db, Dsn, KeyCipher};

use super::*;
use crate::keyring::{Keyring, PoolKey};
use crate::snapshot::Current;
use crate::snapshot::build::Publisher;

const GROUP: GroupId = GroupId(1);
const KEY: KeyId = KeyId(1);

async fn ear() -> Ear {
    let db = Db::open(&Dsn::Memory, Arc::new(KeyCipher::new(None).unwrap())).await.unwrap();
    let keyring = Arc::new(Keyring::default());
    keyring.pool(GROUP).add([PoolKey::new(KEY, Secret::from("k"), KeyStatus::Active, 0)]);
    let publisher =
        Publisher::new(Current::default(), db.clone(), Arc::clone(&keyring), Arc::default(), NonZeroUsize::MIN);
    Ear(Arc::new(Inbox::new(Arc::new(CatchUp { db, keyring, publisher: Arc::new(publisher) }), true)))
}

fn failed(number: u64) -> Notice {
    let news = KeyNews {
        group: GROUP,
        key: KEY,
        status: Some(KeyStatus::Invalid),
        failures: Failures::default().and_one(),
        fault: None,
        rests_cleared: false,
        rests: vec![],
    };
    Notice { news: vec![news], numbers: Some((number, number)), ..Notice::default() }
}

fn said(node: Uuid, notice: Notice) -> Vec<u8> {
    serde_json::to_vec(&Message { node, notice }).unwrap()
}

#[tokio::test]
async fn news_are_in_force_at_once_and_what_is_stored_is_to_be_read() {
    let (ear, node) = (ear().await, Uuid::from_u128(1));
    ear.heard(&said(node, failed(4)));
    let key = ear.0.catch_up.keyring.pool(GROUP).get(KEY).unwrap();
    assert_eq!((key.status(), key.failures()), (KeyStatus::Invalid, 1));
    assert!(ear.0.has_heard(node, &failed(4)) && !ear.0.has_heard(node, &failed(5)));
    let mut wanted = Wanted::default();
    assert!(!ear.0.take(&mut wanted) && wanted.is_empty(), "the feed names the key once it is stored");

    ear.heard(&said(node, Notice::of_keys(GROUP, [KeyId(7)])));
    ear.heard(b"a word of a later version");
    ear.0.arrival().await;
    ear.0.take(&mut wanted);
    assert_eq!(wanted.keys.into_keys().collect::<Vec<_>>(), [KeyId(7)]);
}

#[tokio::test]
async fn whoever_connects_reads_what_he_may_have_missed_and_is_told_of_changes() {
    let ear = ear().await;
    let changes = Arc::clone(ear.0.catch_up.keyring.changes());
    assert!(ear.0.lacks_redis());
    ear.connected();
    assert!(!ear.0.lacks_redis());
    ear.0.arrival().await;
    assert!(ear.0.take(&mut Wanted::default()) && !ear.0.take(&mut Wanted::default()));
    ear.0.catch_up.keyring.pool(GROUP).set_status(&[KEY], KeyStatus::Disabled);
    assert!(changes.take_untold().is_some());
    ear.lost("no reason");
    ear.0.catch_up.keyring.pool(GROUP).set_status(&[KEY], KeyStatus::Active);
    assert!(changes.take_untold().is_none() && ear.0.lacks_redis());
}
