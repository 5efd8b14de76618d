//! Everything the environment decides, read and checked before anything is opened. All faults are found at once.

use std::str::FromStr;
use std::sync::Arc;

use domain::secret::Secret;
use storage::{Dsn, KeyCipher};
use upstream::Proxies;

use crate::config::{self, Config, Faults, Warning};

/// What the program starts with.
pub struct Setup {
    /// The environment, typed.
    pub config: Config,
    /// What is to be said about it.
    pub warnings: Vec<Warning>,
    /// The database.
    pub dsn: Dsn,
    /// Encryption of keys at rest.
    pub cipher: Arc<KeyCipher>,
    /// The environment's outbound proxies.
    pub proxies: Arc<Proxies>,
}

/// Reads the process' environment and the `.env` file beside it.
pub fn read() -> Result<Setup, Faults> {
    let mut loaded = config::from_process();
    let (config, faults) = (loaded.config, &mut loaded.faults);
    let dsn = faults.take("DATABASE_DSN", Dsn::from_str(config.database_dsn.expose()));
    let cipher = faults.take("ENCRYPTION_KEY", KeyCipher::new(config.encryption_key.as_ref().map(Secret::expose)));
    let variable = |name: &str| config.outbound_proxies.get(name).map(|value| value.expose().to_owned());
    let proxies = Proxies::from_env(variable).unwrap_or_else(|bad| {
        bad.into_iter().for_each(|(name, error)| faults.add(name, error));
        Proxies::default()
    });
    if config.redis_dsn.is_some() {
        faults.add("REDIS_DSN", "this build runs as a single node: leave REDIS_DSN empty");
    }
    loaded.faults.into_result()?;
    match (dsn, cipher) {
        (Some(dsn), Some(cipher)) => Ok(Setup {
            config,
            warnings: loaded.warnings,
            dsn,
            cipher: Arc::new(cipher),
            proxies: Arc::new(proxies),
        }),
        _ => Err(Faults::default()),
    }
}
