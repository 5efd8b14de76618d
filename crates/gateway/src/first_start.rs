//! What the very first start leaves behind: the admin key, and the settings whose values must not change by themselves later.

use domain::secret::Secret;
use storage::Db;

use crate::config::{Config, auth_key};

/// The admin key: `AUTH_KEY`, or one that is made at the first start and kept in the data directory. The flag says that it was just made.
pub fn admin_key(config: &Config) -> std::io::Result<(Secret, bool)> {
    match &config.auth_key {
        Some(key) => Ok((key.clone(), false)),
        None => auth_key::load_or_create(&config.data_dir),
    }
}

/// Stores `app_url` and `proxy_keys` if they are not: a later change of `HOST`, `PORT` or `AUTH_KEY` must not lock clients out.
pub async fn store_settings(db: &Db, config: &Config, port: u16, admin_key: &Secret) -> anyhow::Result<()> {
    let stored = db.stored_settings().await?;
    let host = match config.server.host.as_str() {
        "0.0.0.0" | "::" => "localhost".to_owned(),
        address if address.contains(':') => format!("[{address}]"),
        host => host.to_owned(),
    };
    let wanted = [("app_url", format!("http://{host}:{port}")), ("proxy_keys", admin_key.expose().to_owned())];
    let missing = wanted.into_iter().filter(|(key, _)| !stored.contains_key(*key));
    let missing: Vec<_> = missing.map(|(key, value)| (key.to_owned(), Some(value))).collect();
    if !missing.is_empty() {
        db.put_settings(&missing).await?;
    }
    Ok(())
}
