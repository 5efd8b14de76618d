//! The new program's view of the one whose place it takes.

use std::io::{self, Write};
use std::net::TcpListener;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;

use storage::lock::DirLock;

use super::line::{self, READY};

/// The server that started this one.
pub struct Predecessor(UnixStream);

/// What it gives.
pub struct Inheritance {
    /// The socket that it listens on.
    pub listener: TcpListener,
    /// A share of its hold on the data directory.
    pub lock: DirLock,
}

impl Predecessor {
    /// Takes what it gives through standard input.
    pub fn meet() -> io::Result<(Self, Inheritance)> {
        let socket = UnixStream::from(io::stdin().as_fd().try_clone_to_owned()?);
        let (listener, lock) = line::take(&socket)?;
        Ok((Self(socket), Inheritance { listener, lock }))
    }

    /// Tells it that this one serves. An error if it is gone: it was told to stop meanwhile, or has given this one up.
    pub fn relieve(&self) -> io::Result<()> {
        (&self.0).write_all(READY.as_bytes())
    }

    /// Tells it why this one can't serve.
    pub fn disappoint(&self, why: &str) {
        // If it is gone, nobody is left to be told.
        let _ = (&self.0).write_all(why.as_bytes());
    }
}
