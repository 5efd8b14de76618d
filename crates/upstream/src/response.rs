//! The body of a response, and the connection it comes from.

use std::{
    fmt, io,
    mem::{self, MaybeUninit},
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll, ready},
};

use bytes::{Bytes, BytesMut};
use http_body::{Body, Frame, SizeHint};
use tokio::io::{AsyncRead, AsyncReadExt, ReadBuf};

use crate::{
    endpoint::Endpoint,
    error::chain,
    http1::{
        SMALL_READ_BYTES, Upgraded, Upload,
        decoder::{Decoder, Progress},
    },
    pool::{Pool, conn::Conn},
};

/// The most that is read of a body at once.
const MAX_READ_BYTES: usize = 128 * 1024;
/// By how much reads grow when much comes, and shrink when little does.
const READ_STEP: usize = 4;

/// A response body: frames as they arrive, trailers included. It ends with an error if the connection closes before
/// its length or its last chunk; asked again, it says so again. Dropped before its end, it closes the connection at once.
pub struct ResponseBody {
    decoder: Decoder,
    /// Came together with the head, or was just read.
    held: Bytes,
    /// What is read at once.
    read_bytes: usize,
    /// Until the end.
    lease: Option<Lease>,
    /// What the peer has not yet taken of the request.
    upload: Option<Box<Upload>>,
    upgraded: Option<Box<Upgraded>>,
    cut: Option<BodyCut>,
}

/// A response body broke off before its end.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BodyCut(Arc<str>);

impl ResponseBody {
    /// Keeps the connection until the body has ended; `rest` is what came together with the head.
    pub(crate) fn new(mut decoder: Decoder, rest: BytesMut, lease: Lease, upload: Option<Upload>) -> Self {
        let expected = decoder.left().map_or(0, |left| usize::try_from(left).unwrap_or(usize::MAX));
        let mut body = Self {
            held: if rest.is_empty() { Bytes::new() } else { decoder.decode_owned(rest) },
            decoder,
            read_bytes: expected.clamp(SMALL_READ_BYTES, MAX_READ_BYTES),
            lease: Some(lease),
            upload: upload.map(Box::new),
            upgraded: None,
            cut: None,
        };
        if body.is_end_stream() {
            body.finish();
        }
        body
    }

    /// Without content, for a 101.
    pub(crate) fn upgraded(decoder: Decoder, upgraded: Upgraded) -> Self {
        let upgraded = Some(Box::new(upgraded));
        Self { decoder, held: Bytes::new(), read_bytes: 0, lease: None, upload: None, upgraded, cut: None }
    }

    /// The connection behind a 101 that was asked for; any other response has none.
    #[must_use]
    pub fn into_upgraded(self) -> Option<Upgraded> {
        self.upgraded.map(|upgraded| *upgraded)
    }

    fn finish(&mut self) {
        let is_sent = self.upload.take().is_none();
        if let Some(lease) = self.lease.take().filter(|_| is_sent && self.decoder.leaves_connection_open()) {
            lease.finish();
        }
    }

    fn break_off(&mut self, cut: BodyCut) -> BodyCut {
        self.lease = None;
        self.upload = None;
        self.cut = Some(cut.clone());
        cut
    }

    /// Goes on sending the request: a peer may begin its answer before it has heard everything.
    fn poll_upload(&mut self, cx: &mut Context<'_>) {
        let (Some(upload), Some(lease)) = (&mut self.upload, &mut self.lease) else { return };
        if let Poll::Ready(sent) = upload.poll(cx, &mut lease.conn.stream) {
            lease.reusable &= sent.is_ok();
            self.upload = None;
        }
    }

    /// Reads once; how many bytes came. The body's own among them are held then.
    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let Some(lease) = &mut self.lease else { return Poll::Ready(Ok(0)) };
        let stream = &mut lease.conn.stream;
        if self.read_bytes <= SMALL_READ_BYTES {
            let mut space = [const { MaybeUninit::uninit() }; SMALL_READ_BYTES];
            let mut read = ReadBuf::uninit(&mut space);
            ready!(Pin::new(stream).poll_read(cx, &mut read))?;
            let data = self.decoder.decode(read.filled_mut());
            self.held = Bytes::copy_from_slice(read.filled().get(data).unwrap_or_default());
            return Poll::Ready(Ok(read.filled().len()));
        }
        // One byte more than is to come, so that the read tells whether there is more.
        let expected = self.decoder.left().map_or(usize::MAX, |left| usize::try_from(left).unwrap_or(usize::MAX));
        let mut buffer = BytesMut::with_capacity(self.read_bytes.min(expected.saturating_add(1)));
        let read = ready!(pin!(stream.read_buf(&mut buffer)).poll(cx))?;
        let is_sparse = buffer.len() < buffer.capacity() / 2;
        let data = self.decoder.decode_owned(buffer);
        self.held = if is_sparse { Bytes::copy_from_slice(&data) } else { data };
        Poll::Ready(Ok(read))
    }

    /// Makes the next read as large as what the last one brought suggests.
    fn adapt(&mut self, read: usize) {
        if read >= self.read_bytes {
            self.read_bytes = (self.read_bytes * READ_STEP).min(MAX_READ_BYTES);
        } else if read < self.read_bytes / READ_STEP {
            self.read_bytes = (self.read_bytes / READ_STEP).max(SMALL_READ_BYTES);
        }
    }
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = BodyCut;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyCut>>> {
        if let Some(cut) = &self.cut {
            return Poll::Ready(Some(Err(cut.clone())));
        }
        self.poll_upload(cx);
        let frame = loop {
            if !self.held.is_empty() {
                break Frame::data(mem::take(&mut self.held));
            }
            if let Some(trailers) = self.decoder.take_trailers() {
                break Frame::trailers(trailers);
            }
            match self.decoder.progress() {
                Progress::Open => {}
                Progress::Ended => {
                    self.finish();
                    return Poll::Ready(None);
                }
                Progress::Broken(fault) => return Poll::Ready(Some(Err(self.break_off(BodyCut(fault.into()))))),
            }
            match ready!(self.poll_read(cx)) {
                Ok(0) if self.decoder.close() => {}
                Ok(0) => {
                    let cut = BodyCut("the connection was closed before the end of the body".into());
                    return Poll::Ready(Some(Err(self.break_off(cut))));
                }
                Ok(read) => self.adapt(read),
                Err(error) => return Poll::Ready(Some(Err(self.break_off(BodyCut(chain(&error).into()))))),
            }
        };
        // The reader may stop asking after the last byte or the trailers.
        if self.is_end_stream() {
            self.finish();
        }
        Poll::Ready(Some(Ok(frame)))
    }

    fn is_end_stream(&self) -> bool {
        self.cut.is_none()
            && self.held.is_empty()
            && !self.decoder.has_trailers()
            && self.decoder.progress() == Progress::Ended
    }

    fn size_hint(&self) -> SizeHint {
        let left = self.decoder.left().map(|left| left + self.held.len() as u64);
        left.map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}

impl fmt::Debug for ResponseBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseBody").field("progress", &self.decoder.progress()).finish_non_exhaustive()
    }
}

/// A connection in use. Dropped, it is closed: the request on it has been given up.
#[derive(Debug)]
pub(crate) struct Lease {
    pub(crate) conn: Conn,
    /// Whether the peer can be trusted with another request.
    pub(crate) reusable: bool,
    pub(crate) endpoint: Arc<Endpoint>,
    pub(crate) pool: Arc<Pool>,
}

impl Lease {
    /// Gives the connection back, unless the peer closes it.
    fn finish(self) {
        if self.reusable {
            self.pool.put(&self.endpoint, self.conn);
        }
    }
}
