//! What threads share things by. `crates/interleavings` compiles the modules that use it against stand-ins of its own and tries every
//! order in which threads can go on.

pub(crate) use std::sync::{Mutex, MutexGuard, atomic};
