//! One round of a group: a call with each of some keys.

use std::sync::Arc;
use std::time::Duration;

use domain::ids::{GroupId, KeyId};
use domain::key::KeyStatus;
use futures_util::{StreamExt, stream};
use jiff::Timestamp;
use storage::Db;
use storage::lease::Token;
use tokio::time::{Instant, sleep_until};

use crate::probe::Prober;
use crate::probe::finding::{Finding, settle};
use crate::snapshot::{Current, Service};

/// What a round needs.
pub struct Round {
    pub db: Db,
    /// The leader's.
    pub token: Token,
    pub current: Current,
    pub prober: Arc<Prober>,
    pub group: GroupId,
    pub keys: Vec<KeyId>,
    /// The calls begin spread over this time.
    pub window: Duration,
}

/// Whether a group's keys are to be validated at all.
pub fn is_wanted(service: &Service) -> bool {
    service.enabled && service.settings.key_validation_interval_minutes > 0
}

impl Round {
    /// Makes the calls, notes in the database that they were made, and with the pool why nothing is known of some keys.
    pub async fn run(&self) {
        let Some(service) = self.service() else { return };
        let (begin, count) = (Instant::now(), self.keys.len());
        let mut offsets: Vec<_> = self.keys.iter().map(|_| self.window.mul_f64(fastrand::f64())).collect();
        offsets.sort_unstable();
        let calls = self.keys.iter().copied().zip(offsets).map(async |(key, offset)| {
            sleep_until(begin + offset).await;
            self.check(key).await
        });
        let mut findings = stream::iter(calls).buffer_unordered(service.probes_at_once());
        let (mut restored, mut unclear, mut why) = (0_usize, 0_usize, None);
        while let Some(finding) = findings.next().await {
            match finding {
                Some(Finding::Works) => restored += 1,
                Some(Finding::Unclear(text)) => (unclear, why) = (unclear + 1, Some(text)),
                Some(Finding::Refused(_)) | None => {}
            }
        }
        let remark = why.map(|why| {
            format!(
                "validation: nothing could be learnt of {unclear} of {count} invalid keys, the last time because: {why}"
            )
        });
        service.pool.remark(remark);
        if count > 0 {
            tracing::info!(group = %service.name, keys = count, restored, unclear, "invalid keys were validated");
        }
        if let Err(error) = self.db.set_group_validated(self.token, self.group, Timestamp::now()).await {
            tracing::warn!(group = %service.name, %error, "the time of a validation could not be stored");
        }
    }

    /// Calls with one key as the group is configured now; `None` if that is no longer wanted.
    async fn check(&self, key: KeyId) -> Option<Finding> {
        let service = self.service()?;
        let key = service.pool.get(key).filter(|key| key.status() == KeyStatus::Invalid)?;
        Some(settle(&service, &key, self.prober.check(&service, &key.secret).await))
    }

    fn service(&self) -> Option<Arc<Service>> {
        self.current.load().service(self.group).filter(|service| is_wanted(service)).cloned()
    }
}
