//! Files of the gateway, a program, that need nothing else of it.

#[path = "../../crates/gateway/src/server/head_check.rs"]
pub mod head_check;
#[path = "../../crates/gateway/src/proxy/mask.rs"]
pub mod mask;
