//! Files of the gateway, a program, that need nothing else of it.

#[expect(dead_code, reason = "what a connection asks beside is not looked at here")]
pub mod framing;
#[path = "../../crates/gateway/src/server/head_check.rs"]
pub mod head_check;
#[path = "../../crates/gateway/src/proxy/mask.rs"]
pub mod mask;
