//! What things are and how they are decided.
//!
//! Nothing here does IO, waits, or reads a clock: whoever needs the time passes it in.
//!
//! | module | what it holds |
//! |---|---|
//! | [`ids`], [`secret`] | newtypes that keep ids apart and keys out of logs |
//! | [`weakness`] | what makes a key easy to guess |
//! | [`group`], [`key`] | groups and keys as an operator configures and sees them |
//! | [`settings`], [`status_codes`] | the one table of dynamic settings, and its status lists |
//! | [`server_url`] | URLs of servers, as people write them |
//! | [`allowed`], [`language`] | what a refused value should be, and the languages to say it in |
//! | [`pick`] | choosing: weighted upstreams and sub-groups, the ring of usable keys |
//! | [`notice`] | what nodes that share a database tell each other |
//! | [`breaker`] | when a sick upstream is ejected and probed |
//! | [`guards`] | what keeps one cause from being counted as many |
//! | [`attempt`] | what an attempt is taken for in the log |
//! | [`classify`] | the outcome table: what an answer says about key, upstream and client |
//! | [`rewrite`] | the few changes made to a request: URL, headers, parameters, model |

pub mod allowed;
pub mod attempt;
pub mod breaker;
pub mod classify;
pub mod group;
pub mod guards;
pub mod ids;
pub mod key;
pub mod language;
pub mod notice;
pub mod pick;
pub mod raw_object;
pub mod rewrite;
pub mod secret;
pub mod server_url;
pub mod settings;
pub mod status_codes;
mod sync;
pub mod weakness;
