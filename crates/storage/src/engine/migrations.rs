//! The schema's versions, told apart by the table `schema_versions`.

use crate::StorageError;

/// One step of the schema.
pub(super) struct Migration {
    pub(super) version: i64,
    pub(super) sql: &'static str,
}

/// The tables of GPT-Load 1.4.9, then what we add.
pub(super) static SQLITE: [Migration; 2] = [
    Migration { version: 1, sql: include_str!("../../migrations/sqlite/0001_gpt_load_1_4.sql") },
    Migration { version: 2, sql: include_str!("../../migrations/sqlite/0002_additions.sql") },
];
pub(super) static POSTGRES: [Migration; 2] = [
    Migration { version: 1, sql: include_str!("../../migrations/postgres/0001_gpt_load_1_4.sql") },
    Migration { version: 2, sql: include_str!("../../migrations/postgres/0002_additions.sql") },
];
pub(super) static MYSQL: [Migration; 2] = [
    Migration { version: 1, sql: include_str!("../../migrations/mysql/0001_gpt_load_1_4.sql") },
    Migration { version: 2, sql: include_str!("../../migrations/mysql/0002_additions.sql") },
];

/// The steps after version `from`, and the version they lead to. Errors if `from` is later than any we know.
pub(super) fn pending(
    all: &'static [Migration],
    from: i64,
) -> Result<(impl Iterator<Item = &'static Migration>, i64), StorageError> {
    let known = all.iter().map(|migration| migration.version).max().unwrap_or_default();
    if from > known {
        return Err(StorageError::TooNew { found: from, known });
    }
    Ok((all.iter().filter(move |migration| migration.version > from), known))
}

/// What a migration did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Migrated {
    /// Version before: 0 for an empty database and for one of GPT-Load 1.4.x.
    pub from: i64,
    /// Version now.
    pub to: i64,
    /// The copy that was kept of a file of GPT-Load 1.4.x.
    pub copy: Option<std::path::PathBuf>,
}
