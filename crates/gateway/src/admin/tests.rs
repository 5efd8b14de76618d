//! The API over its router, on a database in memory.

mod access;
mod bounds;
mod dashboard;
mod events;
mod groups;
mod integration;
mod key_states;
mod keys;
pub(super) mod kit;
mod language;
mod logs;
mod pool;
mod settings;
mod sub_groups;
