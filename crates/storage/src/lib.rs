//! The only crate that knows SQL: the database, the encryption of keys at rest, and the log's spool.
//!
//! A database is opened as [`Db`]; its methods speak in the types of [`domain`]. The tables are those of GPT-Load 1.4.x
//! with columns added, so that either program can open what the other wrote.
//!
//! | module | what it holds |
//! |---|---|
//! | [`dsn`], [`db`], [`lock`] | what to open, the handle, one server a data directory |
//! | `engine` | the one place where databases differ: connections, rows, times, migrations |
//! | [`cipher`] | keys at rest, byte compatible with 1.4.x |
//! | [`groups`], [`keys`], [`settings`], [`logs`], [`stats`] | the tables, one module a resource |
//! | [`lease`] | which of the servers on a database leads
//! | [`tasks`] | the last task, for all servers to see
//! | [`feed`] | what the nodes on one database tell each other |
//! | [`backup`] | groups, keys and settings as a text, from any database into any other |
//! | [`spool`] | the request log on local disk, before it is in the database |
//! | [`store`] | one batch of the spool into the database, in one transaction |

pub mod backup;
pub mod cipher;
pub mod db;
pub mod dsn;
mod engine;
mod error;
pub mod feed;
pub mod groups;
pub mod hex;
pub mod keys;
pub mod lease;
pub mod lock;
pub mod logs;
pub mod page;
mod schema;
pub mod settings;
pub mod spool;
pub mod stats;
pub mod store;
pub mod tasks;

pub use cipher::KeyCipher;
pub use db::Db;
pub use dsn::Dsn;
pub use error::StorageError;
pub use page::{Page, PageRequest};
