//! Several nodes on one database server, with Redis and without, and the network between them broken on purpose.
//!
//! `TEST_DATABASE` chooses the server. SQLite has no nodes: without the variable there is nothing to show. `CLUSTER_OUTAGE_SECONDS` makes
//! outages longer than the few seconds that they last by default.

mod agreement;
mod clients;
mod fleet;
mod imports;
mod outages;
mod restarts;
