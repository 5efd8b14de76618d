//! What all servers here share: a loopback listener on a runtime of its own, both gone when the owner is dropped.

use std::net::{Ipv4Addr, SocketAddr};
use std::thread;

use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Handle, Runtime};

/// Owns the threads and, by them, every task and socket of one server.
#[derive(Debug)]
pub(crate) struct OwnRuntime(Option<Runtime>);

impl OwnRuntime {
    pub(crate) fn new(threads: usize) -> Self {
        let runtime =
            Builder::new_multi_thread().worker_threads(threads).enable_all().build().expect("a runtime can be built");
        Self(Some(runtime))
    }

    pub(crate) fn handle(&self) -> Handle {
        self.0.as_ref().expect("taken only by drop").handle().clone()
    }

    /// A listener that belongs to this runtime; port 0 chooses a free one.
    pub(crate) fn listen(&self, port: u16) -> (TcpListener, SocketAddr) {
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, port)).expect("the loopback port is free");
        listener.set_nonblocking(true).expect("a socket can be made non-blocking");
        let addr = listener.local_addr().expect("a bound socket has an address");
        let handle = self.handle();
        let _entered = handle.enter();
        (TcpListener::from_std(listener).expect("inside a runtime"), addr)
    }

    /// Serves every connection that comes, each in a task of its own. The number counts connections from 1.
    pub(crate) fn accept<F>(&self, listener: TcpListener, serve: impl Fn(TcpStream, u64) -> F + Send + 'static)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let handle = self.handle();
        self.handle().spawn(async move {
            let mut number = 0;
            while let Ok((stream, _)) = listener.accept().await {
                number += 1;
                // Paced chunks must leave at once; Nagle would hold the second until the first is acknowledged.
                if stream.set_nodelay(true).is_ok() {
                    handle.spawn(serve(stream, number));
                }
            }
        });
    }
}

impl Drop for OwnRuntime {
    /// Waits for the end, so that the port is free afterwards. A runtime may not be dropped inside another one: hence the thread.
    fn drop(&mut self) {
        let runtime = self.0.take();
        let _ = thread::spawn(move || drop(runtime)).join();
    }
}
