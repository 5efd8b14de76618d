//! Writing without end to somebody who does not read, and what that costs the program in between.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use testkit::app::App;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

/// More than the kernel takes into the buffers of two connections.
pub(crate) const MUCH_BYTES: u64 = 64 << 20;

/// What is written at once.
pub(crate) const PIECE_BYTES: usize = 64 << 10;

/// How much has been written so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct Written(Arc<AtomicU64>);

impl Written {
    /// Bytes, so far.
    pub(crate) fn bytes(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    /// Writes pieces until the peer is gone.
    pub(crate) async fn flood(self, mut stream: TcpStream, piece: String) {
        while stream.write_all(piece.as_bytes()).await.is_ok() {
            self.0.fetch_add(piece.len() as u64, Ordering::Relaxed);
        }
    }

    /// Waits until nothing has been written for half a second.
    pub(crate) async fn rest(&self, app: &App) -> u64 {
        let (mut last, mut unchanged) = (0, 0);
        let look = async || {
            let now = self.bytes();
            unchanged = if now > 0 && now == last { unchanged + 1 } else { 0 };
            last = now;
            (unchanged == 25).then_some(now).ok_or(now)
        };
        app.eventually("the writer to be held back", look).await
    }
}
