//! Model lists as the redirect rules would have them. The one answer that is read whole before it goes on.

use std::collections::VecDeque;

use bytes::{Bytes, BytesMut};
use domain::classify::decode::decode_whole;
use domain::rewrite::models::list::{is_first_page, is_model_list, rewrite_list};
use http::StatusCode;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH};
use http_body::Frame;
use http_body_util::BodyExt;
use tokio::time::timeout;

use super::admit::Admitted;
use super::attempt::Answer;
use super::respond::rewritten;
use crate::clock::seconds;
use crate::snapshot::Service;

/// The longest list that is read; a longer one goes on as it is.
const LIMIT_BYTES: usize = 8 * 1024 * 1024;

/// Whether an answer is a model list that the group's rules change.
pub fn is_to_be_rewritten(admitted: &Admitted, service: &Service, answer: &Answer) -> bool {
    !service.redirects.is_empty()
        && answer.head.status == StatusCode::OK
        && is_model_list(&admitted.method, admitted.path())
}

/// Puts the rules' names into the list. What can't be read goes on as it came.
pub async fn rewrite(answer: &mut Answer, service: &Service, query: Option<&str>) {
    let limit = seconds(service.settings.request_timeout);
    if timeout(limit, read(answer)).await.is_err() {
        return;
    }
    let mut raw = BytesMut::new();
    answer.held.iter().filter_map(Frame::data_ref).for_each(|data| raw.extend_from_slice(data));
    let encoding = answer.head.headers.get(CONTENT_ENCODING).and_then(|value| value.to_str().ok());
    let plain = match encoding {
        Some(encoding) => decode_whole(encoding, &raw, LIMIT_BYTES),
        None => Some(raw.to_vec()),
    };
    let list = plain.and_then(|plain| rewrite_list(&plain, &service.redirects, is_first_page(query)));
    if let Some(list) = list.filter(|_| answer.rest.is_none()) {
        rewritten(&mut answer.head);
        answer.head.headers.insert(CONTENT_LENGTH, list.len().into());
        answer.held = VecDeque::from([Frame::data(Bytes::from(list))]);
    }
}

async fn read(answer: &mut Answer) {
    let mut length = 0;
    while let Some(body) = answer.rest.as_mut().filter(|_| length < LIMIT_BYTES) {
        match body.frame().await {
            Some(Ok(frame)) => {
                length += frame.data_ref().map_or(0, Bytes::len);
                answer.held.push_back(frame);
            }
            None => answer.rest = None,
            // The relay meets the same error and ends the answer as it should.
            Some(Err(_)) => return,
        }
    }
}
