//! What both planes stand on: database, keys, configuration in force.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use domain::secret::Secret;
use storage::lock::DirLock;
use storage::{Db, StorageError};
use tokio::time::sleep;

use super::service_manager::announce;
use crate::first_start;
use crate::key_store::load::Loading;
use crate::keyring::Keyring;
use crate::server::waiting_room::WaitingRoom;
use crate::setup::Setup;
use crate::snapshot::Current;
use crate::snapshot::build::Publisher;

/// Between two attempts to open a database that is away.
const BETWEEN_ATTEMPTS: Duration = Duration::from_secs(1);

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
    /// The end of what nodes had told each other before all this was read.
    pub feed_end: i64,
    /// The channel by which nodes on this database talk to each other; `None` if no others can have it open.
    pub channel: Option<String>,
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

/// Opens and migrates the database, and loads everything but most of the keys. With a `lock` the data directory is ours already.
///
/// A database server that is away is waited for, unless somebody else serves meanwhile, who had the lock. Who connects to `listener` is told so.
pub async fn lay(
    setup: &Setup,
    listener: &std::net::TcpListener,
    workers: NonZeroUsize,
    lock: Option<DirLock>,
) -> anyhow::Result<(Foundation, Loading)> {
    let (port, mut room) = (listener.local_addr()?.port(), None);
    for warning in &setup.warnings {
        tracing::warn!(%warning, "configuration");
    }
    if let Err(error) = rlimit::increase_nofile_limit(u64::MAX) {
        tracing::warn!(%error, "the limit on open files could not be raised");
    }
    if lock.is_some() {
        return try_to_lay(setup, port, workers, lock).await;
    }
    loop {
        match try_to_lay(setup, port, workers, None).await {
            Err(error) if may_pass(setup, &error) => {
                if room.is_none() {
                    tracing::error!(error = format!("{error:#}"), "the database is away: waiting for it");
                    room = Some(WaitingRoom::open(listener.try_clone()?)?);
                    announce(listener.local_addr()?, None);
                }
                sleep(BETWEEN_ATTEMPTS).await;
            }
            laid => {
                if let Some(room) = room {
                    room.close().await;
                }
                return laid;
            }
        }
    }
}

/// Whether a server is away, and not the fault of who has configured it.
fn may_pass(setup: &Setup, error: &anyhow::Error) -> bool {
    let is_server = setup.dsn.data_dir().is_none();
    is_server && error.downcast_ref::<StorageError>().is_some_and(StorageError::is_transient)
}

async fn try_to_lay(
    setup: &Setup,
    port: u16,
    workers: NonZeroUsize,
    lock: Option<DirLock>,
) -> anyhow::Result<(Foundation, Loading)> {
    let db = open_database(setup, lock).await?;
    let (admin_key, admin_key_is_new) =
        first_start::admin_key(&setup.config).context("the admin key can't be stored")?;
    first_start::store_settings(&db, &setup.config, port, &admin_key).await?;
    let feed_end = db.feed_end().await?;
    let channel = if db.is_shared() { Some(format!("gpt-load:{}", db.shared_id().await?)) } else { None };
    let keyring = Arc::new(Keyring::default());
    if db.is_shared() {
        keyring.changes().share();
        if setup.redis.is_none() {
            tracing::info!("without REDIS_DSN, nodes on this database agree through it: within 5 s instead of 1 s");
        }
    }
    let loading = Loading::begin(db.clone(), &keyring).await.context("the keys can't be loaded")?;
    let (current, proxies) = (Current::default(), Arc::clone(&setup.proxies));
    let publisher = Publisher::new(Arc::clone(&current), db.clone(), Arc::clone(&keyring), proxies, workers);
    publisher.refresh().await.context("the configuration can't be loaded")?;
    let publisher = Arc::new(publisher);
    Ok((Foundation { db, keyring, current, publisher, feed_end, channel, admin_key, admin_key_is_new }, loading))
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
