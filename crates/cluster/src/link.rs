//! The connection to Redis, as long as the process lives. While it is away, messages are not kept.

use std::future::pending;
use std::pin::pin;
use std::time::Duration;

use futures_util::StreamExt;
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};
use uuid::Uuid;

use crate::RedisDsn;
use crate::dsn::Address;
use crate::servers::Open;

/// Messages that wait to be sent.
const WAITING: usize = 1024;
/// Pauses between attempts to connect: the first, doubled up to the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// How often we send ourselves a message, to know that messages arrive.
const BEATS_EVERY: Duration = Duration::from_secs(2);
/// Without a message of our own for so long, the connection is given up.
const SILENCE: Duration = Duration::from_secs(7);

/// What a frame begins with: its kind, then the id of the link that sent it.
const BEAT: u8 = b'b';
const MESSAGE: u8 = b'm';
const HEAD_BYTES: usize = 17;

/// Who hears what others send.
pub trait Listener: Send + Sync + 'static {
    /// Messages arrive from now on, and are sent.
    fn connected(&self);
    /// They no longer are. Said once, however many attempts to connect fail.
    fn lost(&self, why: &str);
    /// Another node has sent this.
    fn heard(&self, message: &[u8]);
}

/// Sends messages to all other nodes.
#[derive(Clone, Debug)]
pub struct Sender(mpsc::Sender<Vec<u8>>);

impl Sender {
    /// Sends a message, unless too many wait. It is not known whether it arrives.
    pub fn send(&self, message: Vec<u8>) {
        // Who should have heard it reads the database.
        let _ = self.0.try_send(message);
    }
}

/// A connection that is made again whenever it is lost.
pub struct Link<L> {
    dsn: RedisDsn,
    channel: String,
    id: Uuid,
    outgoing: mpsc::Receiver<Vec<u8>>,
    listener: L,
}

impl<L: Listener> Link<L> {
    /// Links those that use the same `channel`.
    pub fn new(dsn: RedisDsn, channel: String, listener: L) -> (Self, Sender) {
        let (sender, outgoing) = mpsc::channel(WAITING);
        (Self { dsn, channel, id: Uuid::new_v4(), outgoing, listener }, Sender(sender))
    }

    /// Keeps the connection up for ever.
    pub async fn run(mut self) {
        let (mut pause, mut is_told) = (FIRST_PAUSE, false);
        loop {
            let why = match self.open().await {
                Ok(open) => {
                    (pause, is_told) = (FIRST_PAUSE, false);
                    while self.outgoing.try_recv().is_ok() {}
                    self.listener.connected();
                    self.serve(open).await
                }
                Err(error) => error,
            };
            if !std::mem::replace(&mut is_told, true) {
                self.listener.lost(&why.to_string());
            }
            sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    async fn open(&self) -> Result<Open, Lost> {
        let mut open = self.dsn.connect().await?;
        open.messages.subscribe(&self.channel).await?;
        Ok(open)
    }

    /// Passes messages on, both ways, until the connection is lost. Returns why it is.
    async fn serve(&mut self, open: Open) -> Lost {
        let Open { mut commands, messages, master } = open;
        let Self { dsn, channel, id, outgoing, listener } = self;
        let (_subscribed, mut messages) = messages.split();
        let (mut beat, mut heard_at) = (interval(BEATS_EVERY), Instant::now());
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut moved = pin!(moved(dsn, master.as_ref()));
        loop {
            let frame = tokio::select! {
                message = messages.next() => {
                    let Some(message) = message else { return Lost::Closed };
                    match read_frame(message.get_payload_bytes(), *id) {
                        Some(Frame::Own) => heard_at = Instant::now(),
                        Some(Frame::Message(message)) => listener.heard(message),
                        None => {}
                    }
                    None
                }
                Some(message) = outgoing.recv() => Some(frame(MESSAGE, *id, &message)),
                _ = beat.tick() => Some(frame(BEAT, *id, &[])),
                () = &mut moved => return Lost::Moved,
            };
            if let Some(frame) = frame
                && let Err(error) =
                    redis::cmd("PUBLISH").arg(&*channel).arg(frame).query_async::<()>(&mut commands).await
            {
                return error.into();
            }
            if heard_at.elapsed() > SILENCE {
                return Lost::Silent;
            }
        }
    }
}

/// A master that has become a replica still answers, but its messages reach nobody. Ends when the Sentinels name another one.
async fn moved(dsn: &RedisDsn, master: Option<&Address>) {
    let Some(master) = master else { return pending().await };
    loop {
        sleep(BEATS_EVERY).await;
        if dsn.master().await.is_ok_and(|now| now != *master) {
            return;
        }
    }
}

fn frame(kind: u8, sender: Uuid, message: &[u8]) -> Vec<u8> {
    let mut frame = Vec::with_capacity(HEAD_BYTES + message.len());
    frame.push(kind);
    frame.extend_from_slice(sender.as_bytes());
    frame.extend_from_slice(message);
    frame
}

enum Frame<'f> {
    /// What we have sent ourselves.
    Own,
    Message(&'f [u8]),
}

fn read_frame(frame: &[u8], own: Uuid) -> Option<Frame<'_>> {
    let (head, message) = frame.split_at_checked(HEAD_BYTES)?;
    let (kind, sender) = head.split_first()?;
    if sender == own.as_bytes() {
        return Some(Frame::Own);
    }
    (*kind == MESSAGE).then_some(Frame::Message(message))
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
enum Lost {
    #[error("{0}")]
    Failed(#[from] redis::RedisError),
    #[error("the server closed the connection")]
    Closed,
    #[error("messages do not arrive")]
    Silent,
    #[error("the Sentinels name another master")]
    Moved,
}
