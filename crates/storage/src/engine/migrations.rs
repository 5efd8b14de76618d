//! The schema's versions, told apart by the table `schema_versions`.

/// One step of the schema.
pub(super) struct Migration {
    pub(super) version: i64,
    pub(super) sql: &'static str,
}

/// The tables of GPT-Load 1.4.9, then what we add.
pub(super) const SQLITE: [Migration; 2] = [
    Migration { version: 1, sql: include_str!("../../migrations/sqlite/0001_gpt_load_1_4.sql") },
    Migration { version: 2, sql: include_str!("../../migrations/sqlite/0002_additions.sql") },
];

/// What a migration did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Migrated {
    /// Version before: 0 for an empty database and for one of GPT-Load 1.4.x.
    pub from: i64,
    /// Version now.
    pub to: i64,
    /// The copy that was kept of a database of GPT-Load 1.4.x.
    pub copy: Option<std::path::PathBuf>,
}
