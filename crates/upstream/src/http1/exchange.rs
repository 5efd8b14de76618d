//! One request and the head of its answer, on one connection.

use std::{
    io,
    task::{Context, Poll},
};

use http::Request;

use super::{
    ExchangeError, Upload,
    head::{Head, HeadReader},
};
use crate::{body::RequestBody, pool::conn::Conn};

/// Sends the request while it waits for the head: an answer may come before all of a request has been sent.
#[derive(Debug)]
pub(crate) struct Exchange {
    conn: Conn,
    /// `None` once the request has been sent.
    upload: Option<Upload>,
    /// Why the peer takes no more of the request. It may have answered all the same.
    refused: Option<io::Error>,
    reader: HeadReader,
}

/// A connection behind the head of an answer.
#[derive(Debug)]
pub(crate) struct Answering {
    pub(crate) conn: Conn,
    /// What is still to be sent of the request.
    pub(crate) upload: Option<Upload>,
    /// Whether the peer has taken everything so far.
    pub(crate) takes: bool,
}

impl Exchange {
    /// The request must have been [prepared](crate::outgoing::prepare).
    pub(crate) fn new(conn: Conn, request: Request<RequestBody>) -> Self {
        Self { conn, upload: Some(Upload::new(request)), refused: None, reader: HeadReader::default() }
    }

    /// Sends what can be sent, and tells the head once it is there.
    pub(crate) fn poll_head(&mut self, cx: &mut Context<'_>) -> Poll<Result<Head, ExchangeError>> {
        if let Poll::Ready(read) = self.reader.poll(cx, &mut self.conn.stream) {
            return Poll::Ready(read.map_err(|error| match (error, self.refused.take()) {
                (ExchangeError::Closed, Some(refused)) => ExchangeError::Io(refused),
                (error, _) => error,
            }));
        }
        let Some(upload) = &mut self.upload else { return Poll::Pending };
        match upload.poll(cx, &mut self.conn.stream) {
            Poll::Pending => return Poll::Pending,
            Poll::Ready(Ok(())) => {}
            Poll::Ready(Err(ExchangeError::Io(error))) => self.refused = Some(error),
            Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
        }
        self.upload = None;
        Poll::Pending
    }

    /// Whether the peer has said anything.
    pub(crate) fn is_answered(&self) -> bool {
        self.reader.has_heard()
    }

    /// Whether the peer has got all of the request.
    pub(crate) fn is_sent(&self) -> bool {
        self.upload.is_none() && self.refused.is_none()
    }

    pub(crate) fn into_answering(self) -> Answering {
        Answering { conn: self.conn, upload: self.upload, takes: self.refused.is_none() }
    }
}
