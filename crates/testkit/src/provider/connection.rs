//! One connection of the provider: requests are read, recorded and answered in turn, and the client is watched while it waits.

use std::io;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy};
use tokio::net::TcpStream;
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::time::sleep;

use super::answer::{Answer, Step};
use super::received::{Progress, Received};
use super::render::{Asked, steps};
use super::script::Call;
use super::{Shared, bench, websocket};
use crate::wire::{Body, MAX_HEADERS, Wire, broken};

/// What a client may send ahead while its answer is held back.
const MAX_AHEAD_BYTES: usize = 1 << 20;

/// Serves until either side ends the connection.
pub(super) async fn serve(shared: Arc<Shared>, stream: TcpStream, number: u64) {
    shared.stats.connection();
    let mut connection = Connection { wire: Wire::new(stream), shared, number };
    // A client that breaks off or sends nonsense is part of the tests, and told by the recorded requests.
    while matches!(connection.exchange().await, Ok(Next::KeepAlive)) {}
}

/// What becomes of the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    KeepAlive,
    End,
}

/// How the steps of an answer ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Played {
    Through,
    Close,
    Reset,
    Echo,
    WebSocket,
    ClientGone,
}

pub(super) struct Connection {
    pub(super) wire: Wire,
    pub(super) shared: Arc<Shared>,
    pub(super) number: u64,
}

impl Connection {
    async fn exchange(&mut self) -> io::Result<Next> {
        let Some(raw_head) = self.wire.head().await? else { return Ok(Next::End) };
        let body = body_of(&raw_head);
        if let Some(call) = bench::call(&raw_head) {
            return bench::answer(self, body?, call, bench::closes(&raw_head)).await;
        }
        let Ok((received, body)) = Received::parse(&raw_head, self.number).and_then(|r| Ok((r, body?))) else {
            self.wire
                .stream
                .write_all(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
                .await?;
            return Ok(Next::End);
        };
        if received.path().starts_with("/__mock/") {
            return self.control(&received).await;
        }
        self.scripted(received, body).await
    }

    async fn scripted(&mut self, mut received: Received, body: Body) -> io::Result<Next> {
        let rule = self.shared.rules.find(received.key.as_deref(), received.path());
        let early = rule.script.is_early() && body != Body::Done;
        if !early && let Err(error) = self.read_body(&mut received, body).await {
            received.progress.send_replace(Progress::ClientGone);
            self.shared.stats.add(&received, 0);
            self.shared.recorder.add(received);
            return Err(error);
        }
        let asked = Asked {
            head_only: received.method == "HEAD",
            http10: received.version == 0,
            close: early || closes(&received),
        };
        let answer = rule.script.answer(&Call { request: &received, number: rule.next_call() });
        self.shared.stats.add(&received, answer.status);
        // Before it is answered, so that a test that waits for the request finds it, and counted, while the answer is held back.
        let received = self.shared.recorder.add(received);
        let played = self.play(&steps(&answer, asked)).await;
        let broken_off = answer.fault.is_some() || answer.status == 0;
        received.progress.send_replace(match played {
            Played::ClientGone => Progress::ClientGone,
            Played::Reset => Progress::Broken,
            Played::Close if broken_off => Progress::Broken,
            _ => Progress::Answered,
        });
        self.after(played).await
    }

    /// Reads the whole body, keeping at most as much as the recorder wants.
    async fn read_body(&mut self, received: &mut Received, mut body: Body) -> io::Result<()> {
        if received.headers.has_token("expect", "100-continue") {
            self.wire.stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").await?;
        }
        let limit = self.shared.recorder.body_limit();
        let mut kept = BytesMut::new();
        let mut end = Ok(());
        loop {
            match self.wire.piece(&mut body).await {
                Ok(Some(piece)) => {
                    received.body_len += piece.len() as u64;
                    kept.extend_from_slice(&piece[..piece.len().min(limit - kept.len())]);
                }
                Ok(None) => break,
                Err(error) => {
                    end = Err(error);
                    break;
                }
            }
        }
        received.body = kept.freeze();
        received.trailers = std::mem::take(&mut self.wire.trailers);
        received.complete = end.is_ok();
        end
    }

    async fn control(&mut self, received: &Received) -> io::Result<Next> {
        let answer = match (received.method.as_str(), received.path()) {
            ("GET", "/__mock/stats") => Answer::json(200, &self.shared.stats.to_json()),
            ("POST", "/__mock/reset") => {
                self.shared.forget();
                Answer::new(204)
            }
            _ => Answer::new(404),
        };
        // No body is expected here; closing makes sure that none is taken for a request.
        let played = self.play(&steps(&answer, Asked { head_only: false, http10: false, close: true })).await;
        self.after(played).await
    }

    /// Takes the steps while watching the client, whose going ends them.
    pub(super) async fn play(&mut self, steps: &[Step]) -> Played {
        self.watched(async |writer| take(steps, writer).await).await
    }

    /// Writes an answer while watching the client, whose going ends it.
    pub(super) async fn watched(
        &mut self,
        answer: impl AsyncFnOnce(&mut WriteHalf<'_>) -> io::Result<Played>,
    ) -> Played {
        let (reader, mut writer) = self.wire.stream.split();
        tokio::select! {
            biased;
            played = answer(&mut writer) => played.unwrap_or(Played::ClientGone),
            () = gone(reader, &mut self.wire.buf) => Played::ClientGone,
        }
    }

    pub(super) async fn after(&mut self, played: Played) -> io::Result<Next> {
        match played {
            Played::Through => return Ok(Next::KeepAlive),
            Played::Close => self.linger().await?,
            Played::Reset => self.wire.stream.set_zero_linger()?,
            Played::Echo => self.echo().await?,
            Played::WebSocket => websocket::echo(&mut self.wire).await?,
            Played::ClientGone => {}
        }
        Ok(Next::End)
    }

    /// Ends our direction and takes what the client still sends: closing at once would reset, and could destroy the answer.
    async fn linger(&mut self) -> io::Result<()> {
        self.wire.stream.shutdown().await?;
        while self.wire.stream.read_buf(&mut self.wire.buf).await? > 0 {
            self.wire.buf.clear();
        }
        Ok(())
    }

    async fn echo(&mut self) -> io::Result<()> {
        let ahead = self.wire.buf.split();
        let (mut reader, mut writer) = self.wire.stream.split();
        writer.write_all(&ahead).await?;
        copy(&mut reader, &mut writer).await?;
        writer.shutdown().await
    }
}

async fn take(steps: &[Step], writer: &mut WriteHalf<'_>) -> io::Result<Played> {
    for step in steps {
        match step {
            Step::Send(data) => writer.write_all(data).await?,
            Step::Pause(pause) => sleep(*pause).await,
            Step::Wait(gate) => gate.pass().await,
            Step::Hang => std::future::pending().await,
            Step::Echo => return Ok(Played::Echo),
            Step::WebSocket => return Ok(Played::WebSocket),
            Step::Close => return Ok(Played::Close),
            Step::Reset => return Ok(Played::Reset),
        }
    }
    Ok(Played::Through)
}

/// Returns when the client has closed or reset; what it sends meanwhile is kept for the next request.
async fn gone(mut reader: ReadHalf<'_>, buf: &mut BytesMut) {
    while buf.len() < MAX_AHEAD_BYTES {
        if matches!(reader.read_buf(buf).await, Ok(0) | Err(_)) {
            return;
        }
    }
    std::future::pending::<()>().await;
}

fn closes(received: &Received) -> bool {
    let asks = |token| received.headers.has_token("connection", token);
    asks("close") || (received.version == 0 && !asks("keep-alive"))
}

fn body_of(raw_head: &Bytes) -> io::Result<Body> {
    let mut fields = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut parsed = httparse::Request::new(&mut fields);
    parsed.parse(raw_head).map_err(|_| broken("a head that is no HTTP"))?;
    Ok(Body::of(parsed.headers).unwrap_or(Body::Done))
}
