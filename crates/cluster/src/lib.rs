//! The only crate that knows Redis: messages between the nodes on one database, sent to whoever listens at that moment.
//!
//! Nothing is kept in Redis, and nothing depends on it: what is lost on its way, or while Redis is away, others learn from the database.
//!
//! | module | what it holds |
//! |---|---|
//! | [`dsn`] | where Redis is: one server, the nodes of a Cluster, or the Sentinels of a master |
//! | `servers` | finding the server that answers |
//! | [`link`] | the connection, as long as the process lives |

pub mod dsn;
pub mod link;
mod servers;

pub use dsn::{RedisDsn, RedisDsnError};
pub use link::{Link, Listener, Sender};
