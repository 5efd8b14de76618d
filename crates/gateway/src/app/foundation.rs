//! What both planes stand on: database, keys, configuration in force.

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::sync::Arc;

use anyhow::Context;
use domain::classify::rest::LONGEST;
use domain::ids::{GroupId, KeyId};
use domain::secret::Secret;
use jiff::Timestamp;
use storage::Db;
use storage::keys::KeyScan;

use crate::keyring::{Keyring, PoolKey};
use crate::setup::Setup;
use crate::snapshot::Current;
use crate::snapshot::build::Publisher;
use crate::{clock, first_start};

/// Keys read from the database at once.
const KEYS_A_PAGE: u32 = 10_000;

/// The parts everything else is built on.
pub struct Foundation {
    /// The database.
    pub db: Db,
    /// All keys.
    pub keyring: Arc<Keyring>,
    /// The configuration in force.
    pub current: Current,
    /// Who publishes it.
    pub publisher: Arc<Publisher>,
    /// The key of the admin API.
    pub admin_key: Secret,
    admin_key_is_new: bool,
}

impl Foundation {
    /// The admin key, if it was made at this very start.
    pub fn new_admin_key(&self) -> Option<&Secret> {
        Some(&self.admin_key).filter(|_| self.admin_key_is_new)
    }
}

/// Opens, migrates and loads everything. `port` is the one we listen on.
pub async fn lay(setup: &Setup, port: u16, workers: NonZeroUsize) -> anyhow::Result<Foundation> {
    for warning in &setup.warnings {
        tracing::warn!(%warning, "configuration");
    }
    if let Err(error) = rlimit::increase_nofile_limit(u64::MAX) {
        tracing::warn!(%error, "the limit on open files could not be raised");
    }
    let db = open_database(setup).await?;
    let (admin_key, admin_key_is_new) =
        first_start::admin_key(&setup.config).context("the admin key can't be stored")?;
    first_start::store_settings(&db, &setup.config, port, &admin_key).await?;
    let keyring = Arc::new(Keyring::default());
    load_keys(&db, &keyring).await.context("the keys can't be loaded")?;
    let (current, proxies) = (Current::default(), Arc::clone(&setup.proxies));
    let publisher = Publisher::new(Arc::clone(&current), db.clone(), Arc::clone(&keyring), proxies, workers);
    publisher.refresh().await.context("the configuration can't be loaded")?;
    let publisher = Arc::new(publisher);
    Ok(Foundation { db, keyring, current, publisher, admin_key, admin_key_is_new })
}

async fn open_database(setup: &Setup) -> anyhow::Result<Db> {
    let db = Db::open(&setup.dsn, Arc::clone(&setup.cipher)).await.context("the database can't be opened")?;
    db.hold_data_dir(&setup.config.data_dir)?;
    // A file that we hold can be opened by nobody else: if we don't prepare it, nobody will.
    let is_ours_alone = setup.dsn.data_dir().is_some();
    if is_ours_alone || !setup.config.is_slave {
        db.migrate().await.context("the database can't be migrated")?;
    } else {
        let is_ready = db.is_migrated().await?;
        anyhow::ensure!(is_ready, "the database is not prepared for this version: start a node without IS_SLAVE first");
    }
    let state = db.encryption_state().await?;
    if let Some(scenario) = state.scenario {
        tracing::error!(
            scenario = scenario.as_str(),
            "ENCRYPTION_KEY does not fit the keys in the database: those that can't be read are not used"
        );
    } else if state.has_plain_rows && setup.cipher.encrypts() {
        tracing::warn!("some keys are stored in plain text although ENCRYPTION_KEY is set");
    }
    Ok(db)
}

async fn load_keys(db: &Db, keyring: &Keyring) -> anyhow::Result<()> {
    let mut groups: HashMap<KeyId, GroupId> = HashMap::new();
    let rests = db.cooldowns(Timestamp::now()).await?;
    let resting: std::collections::HashSet<_> = rests.iter().map(|rest| rest.key_id).collect();
    let (mut after, mut unreadable) = (None, 0_usize);
    loop {
        let page = db.scan_keys(KeyScan::default(), after, KEYS_A_PAGE).await?;
        let is_last = page.len() < KEYS_A_PAGE as usize;
        after = page.last().map(|key| key.id);
        groups.extend(page.iter().filter(|key| resting.contains(&key.id)).map(|key| (key.id, key.group_id)));
        let mut by_group: HashMap<GroupId, Vec<PoolKey>> = HashMap::new();
        for key in page {
            let failures = u32::try_from(key.failure_count).unwrap_or(0);
            let Some(secret) = key.secret else {
                unreadable += 1;
                continue;
            };
            by_group.entry(key.group_id).or_default().push(PoolKey::new(key.id, secret, key.status, failures));
        }
        for (group, keys) in by_group {
            keyring.pool(group).add(keys);
        }
        if is_last {
            break;
        }
    }
    if unreadable > 0 {
        tracing::error!(keys = unreadable, "keys can't be decrypted with the present ENCRYPTION_KEY and are not used");
    }
    // A rest that would be longer than any was noted while the clock was wrong.
    let latest = Timestamp::now().checked_add(LONGEST).unwrap_or(Timestamp::MAX);
    for rest in rests {
        if let Some(group) = groups.get(&rest.key_id) {
            let until_ms = clock::mono_ms_of(rest.until.min(latest));
            keyring.pool(*group).resume_rest(rest.key_id, rest.model.as_deref(), until_ms, rest.guessed);
        }
    }
    Ok(())
}
