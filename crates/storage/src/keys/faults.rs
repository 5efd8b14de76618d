//! Why keys are out.

use domain::ids::GroupId;
use domain::key::KeyStatus;
use sea_query::{Expr, ExprTrait, Query};

use crate::engine::json_rows;
use crate::schema::ApiKeys;
use crate::{Db, StorageError};

/// What the provider said when a key last failed; nothing if nobody noted it, as 1.4.x.
pub type Fault = (Option<i64>, Option<String>);

impl Db {
    /// The last status and the last words that each invalid key of a group has had, of `at_most` keys.
    pub async fn faults_of_invalid_keys(&self, group: GroupId, at_most: u32) -> Result<Vec<Fault>, StorageError> {
        let columns = [ApiKeys::LastStatus, ApiKeys::LastError];
        let query = Query::select()
            .columns(columns)
            .from(ApiKeys::Table)
            .and_where(Expr::col(ApiKeys::GroupId).eq(group.0))
            .and_where(Expr::col(ApiKeys::Status).eq(KeyStatus::Invalid.as_str()))
            .limit(at_most.into())
            .take();
        json_rows(&self.engine().fetch(&self.dialect().json_page(columns, query)).await?)
    }
}
