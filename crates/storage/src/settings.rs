//! The rows of `system_settings`: what was changed, as text.

use std::collections::BTreeMap;

use domain::notice::Notice;
use jiff::Timestamp;
use sea_query::{Expr, ExprTrait, OnConflict, Query};

use crate::engine::Tx;
use crate::schema::SystemSettings;
use crate::{Db, StorageError};

impl Db {
    /// Every stored setting, of whatever program.
    pub async fn stored_settings(&self) -> Result<BTreeMap<String, String>, StorageError> {
        let query = Query::select()
            .columns([SystemSettings::SettingKey, SystemSettings::SettingValue])
            .from(SystemSettings::Table)
            .take();
        let rows = self.engine().fetch(&query).await?;
        let pair = |row: &crate::engine::Row| {
            Ok((row.text(SystemSettings::SettingKey)?, row.text(SystemSettings::SettingValue)?))
        };
        rows.iter().map(pair).collect()
    }

    /// Stores settings; all or none. `None` deletes the row, so that the default holds.
    pub async fn put_settings(&self, changes: &[(String, Option<String>)]) -> Result<(), StorageError> {
        let mut tx = self.engine().begin().await?;
        for (key, value) in changes {
            if let Some(value) = value {
                self.put_setting_in(&mut tx, key, value).await?;
            } else {
                let is = Expr::col(SystemSettings::SettingKey).eq(key.as_str());
                tx.execute(Query::delete().from_table(SystemSettings::Table).and_where(is)).await?;
            }
        }
        self.commit(tx, &Notice::of_configuration()).await
    }

    pub(crate) async fn put_setting_in(&self, tx: &mut Tx<'_>, key: &str, value: &str) -> Result<(), StorageError> {
        tx.execute(&upsert(key, value, &self.dialect().time(Timestamp::now()))).await.map(drop)
    }
}

fn upsert(key: &str, value: &str, now: &Expr) -> sea_query::InsertStatement {
    Query::insert()
        .into_table(SystemSettings::Table)
        .columns([
            SystemSettings::SettingKey,
            SystemSettings::SettingValue,
            SystemSettings::Description,
            SystemSettings::CreatedAt,
            SystemSettings::UpdatedAt,
        ])
        .values_panic([key.into(), value.into(), "".into(), now.clone(), now.clone()])
        .on_conflict(
            OnConflict::column(SystemSettings::SettingKey)
                .update_columns([SystemSettings::SettingValue, SystemSettings::UpdatedAt])
                .to_owned(),
        )
        .take()
}
