//! How often a request is tried, with which keys, and what the client gets when nothing helps.
//!
//! | file | what it shows |
//! |---|---|
//! | `attempts` | how many attempts, by which keys, and when they end early |
//! | `listed` | the operator's list of statuses that are retried |
//! | `given_up` | the client's answer when all attempts have failed |
//! | `no_keys` | the client's answer when there is no key to try |
//! | `reused` | connections that were closed while they waited |

mod attempts;
mod given_up;
mod listed;
mod no_keys;
mod reused;
