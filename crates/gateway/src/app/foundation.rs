//! What both planes stand on: database, keys, configuration in force.

use std::num::NonZeroUsize;
use std::sync::Arc;

use anyhow::Context;
use domain::secret::Secret;
use storage::Db;
use storage::lock::DirLock;

use crate::first_start;
use crate::key_store::load::Loading;
use crate::keyring::Keyring;
use crate::setup::Setup;
use crate::snapshot::Current;
use crate::snapshot::build::Publisher;

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

/// Opens and migrates the database, and loads everything but most of the keys. `port` is the one we listen on; with a `lock`, the data
/// directory is ours already.
pub async fn lay(
    setup: &Setup,
    port: u16,
    workers: NonZeroUsize,
    lock: Option<DirLock>,
) -> anyhow::Result<(Foundation, Loading)> {
    for warning in &setup.warnings {
        tracing::warn!(%warning, "configuration");
    }
    if let Err(error) = rlimit::increase_nofile_limit(u64::MAX) {
        tracing::warn!(%error, "the limit on open files could not be raised");
    }
    let db = open_database(setup, lock).await?;
    let (admin_key, admin_key_is_new) =
        first_start::admin_key(&setup.config).context("the admin key can't be stored")?;
    first_start::store_settings(&db, &setup.config, port, &admin_key).await?;
    let keyring = Arc::new(Keyring::default());
    let loading = Loading::begin(db.clone(), &keyring).await.context("the keys can't be loaded")?;
    let (current, proxies) = (Current::default(), Arc::clone(&setup.proxies));
    let publisher = Publisher::new(Arc::clone(&current), db.clone(), Arc::clone(&keyring), proxies, workers);
    publisher.refresh().await.context("the configuration can't be loaded")?;
    let publisher = Arc::new(publisher);
    Ok((Foundation { db, keyring, current, publisher, admin_key, admin_key_is_new }, loading))
}

async fn open_database(setup: &Setup, lock: Option<DirLock>) -> anyhow::Result<Db> {
    let cipher = Arc::clone(&setup.cipher);
    let db = match lock {
        Some(lock) => Db::open_under(&setup.dsn, cipher, Some(lock)).await,
        None => Db::open(&setup.dsn, cipher).await,
    };
    let db = db.context("the database can't be opened")?;
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
