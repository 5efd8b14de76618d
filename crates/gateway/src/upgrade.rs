//! A newer program takes this one's place: no connection is refused, no stream is cut, no log entry is lost.
//!
//! | step | who | where |
//! |---|---|---|
//! | asks for it: `gpt-load upgrade`, or SIGUSR2 | an operator | [`command`] |
//! | starts the program anew and gives it the listener and a share of the data directory's lock | the old one | [`successor`] |
//! | starts as always, but with these; has all keys in memory; serves; says so | the new one | [`predecessor`] |
//! | accepts no more, finishes what it has begun, stores the log of that, ends | the old one | `app::shutdown` |
//!
//! Until the new one has said that it serves, nothing is lost if it fails: the old one goes on. While both run they are like two nodes of
//! a cluster: each has its own spool ([`storage::spool::Place`]) and its own connections to the database.

pub mod command;
mod line;
pub mod predecessor;
pub mod successor;

/// In the data directory: why the last upgrade failed.
const FAILURE_FILE: &str = "upgrade-failed";
