//! Whether the keys in the database fit the present `ENCRYPTION_KEY`.

use sea_query::{Order, Query};

use crate::cipher::is_plain;
use crate::schema::ApiKeys;
use crate::{Db, StorageError};

/// Rows looked at from either end of the table.
const SAMPLE: u64 = 50;

/// What a sample of the keys says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EncryptionState {
    /// What doesn't fit; `None` if all is well.
    pub scenario: Option<Scenario>,
    /// There is an `ENCRYPTION_KEY` and some keys are plain text. They serve all the same.
    pub has_plain_rows: bool,
    /// Keys looked at; some twice if there are few.
    pub sampled: usize,
    /// Those of them that can't be read.
    pub unreadable: usize,
}

/// How keys and `ENCRYPTION_KEY` don't fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scenario {
    /// There is an `ENCRYPTION_KEY`, and the keys are plain text: they serve, and should be migrated.
    DataNotEncrypted,
    /// The keys are encrypted, and there is no `ENCRYPTION_KEY`: they can't serve.
    KeyNotConfigured,
    /// The keys are encrypted with another `ENCRYPTION_KEY`: they can't serve.
    KeyMismatch,
}

impl Scenario {
    /// The word in the API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::DataNotEncrypted => "data_not_encrypted",
            Self::KeyNotConfigured => "key_not_configured",
            Self::KeyMismatch => "key_mismatch",
        }
    }
}

impl Db {
    /// Looks at the oldest and the newest keys.
    pub async fn encryption_state(&self) -> Result<EncryptionState, StorageError> {
        let (mut plain, mut unreadable, mut sampled) = (0, 0, 0);
        for order in [Order::Asc, Order::Desc] {
            let query = Query::select()
                .columns([ApiKeys::KeyValue, ApiKeys::KeyHash])
                .from(ApiKeys::Table)
                .order_by(ApiKeys::Id, order)
                .limit(SAMPLE)
                .take();
            for row in self.engine().fetch(&query).await? {
                let (value, hash) = (row.text(ApiKeys::KeyValue)?, row.text(ApiKeys::KeyHash)?);
                sampled += 1;
                plain += usize::from(is_plain(&value, &hash));
                unreadable += usize::from(self.cipher().reveal(&value, &hash).is_none());
            }
        }
        let has_plain_rows = self.cipher().encrypts() && plain > 0;
        let scenario = match (self.cipher().encrypts(), unreadable) {
            (true, 0) => has_plain_rows.then_some(Scenario::DataNotEncrypted),
            (false, 0) => None,
            (true, _) => Some(Scenario::KeyMismatch),
            (false, _) => Some(Scenario::KeyNotConfigured),
        };
        Ok(EncryptionState { scenario, has_plain_rows, sampled, unreadable })
    }
}
