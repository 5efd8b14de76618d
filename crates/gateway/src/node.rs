//! Which of the servers on a database this process is.

use rustix::system::uname;
use uuid::Uuid;

/// This process among others.
#[derive(Clone, Debug)]
pub struct Node {
    /// Another one at each start.
    pub id: Uuid,
    /// What people know it by: `HOST:PORT`.
    pub name: String,
}

impl Node {
    /// That listens on `port`.
    #[must_use]
    pub fn on_port(port: u16) -> Self {
        Self { id: Uuid::new_v4(), name: format!("{}:{port}", uname().nodename().to_string_lossy()) }
    }
}
