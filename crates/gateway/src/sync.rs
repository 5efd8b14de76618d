//! What threads share things by. `crates/interleavings` compiles the modules that use it against stand-ins of its own and tries every
//! order in which threads can go on.

pub use std::sync::{Mutex, MutexGuard, RwLock, atomic};

pub use arc_swap::ArcSwap;
pub use tokio::sync::{Mutex as AsyncMutex, Notify};
