//! One real call with each of a group's keys.

use std::sync::Arc;

use futures_util::{StreamExt, stream};
use serde_json::{Value, json};

use super::Progress;
use crate::keyring::PoolKey;
use crate::probe::Prober;
use crate::probe::finding::{Finding, settle};
use crate::snapshot::Service;

/// Tests `keys`, `key_validation_concurrency` at once: a good one is restored, a refused one has failed once more.
pub async fn run(
    progress: Progress,
    prober: Arc<Prober>,
    service: Arc<Service>,
    keys: Vec<Arc<PoolKey>>,
) -> anyhow::Result<Value> {
    let (total, mut valid, mut invalid) = (keys.len(), 0, 0);
    let tests = keys.into_iter().map(|key| {
        let (prober, service) = (Arc::clone(&prober), Arc::clone(&service));
        async move { settle(&service, &key, prober.check(&service, &key.secret).await) }
    });
    let mut findings = stream::iter(tests).buffer_unordered(service.probes_at_once());
    while let Some(finding) = progress.unless_stopped(findings.next()).await? {
        match finding {
            Finding::Works => valid += 1,
            Finding::Refused(_) => invalid += 1,
            Finding::Unclear(_) => {}
        }
        progress.advance(1)?;
    }
    let unclear = total - valid - invalid;
    Ok(json!({"total_keys": total, "valid_keys": valid, "invalid_keys": invalid, "unclear_keys": unclear}))
}
