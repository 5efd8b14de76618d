//! The functions, one way in a file. Each file says how it reads its input and what it promises.

mod classify;
mod decode;
mod dsn;
mod form;
mod head;
mod json;
mod keys;
mod mask;
mod models;
mod rest;
mod sse;
mod statuses;

pub use classify::classify;
pub use decode::decode;
pub use dsn::dsn;
pub use form::form;
pub use head::head;
pub use json::json;
pub use keys::keys;
pub use mask::mask;
pub use models::models;
pub use rest::rest;
pub use sse::sse;
pub use statuses::statuses;
