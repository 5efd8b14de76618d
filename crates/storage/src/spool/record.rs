//! One attempt of a request, on its way to the database.

use std::borrow::Cow;

use domain::attempt::AttemptOutcome;
use domain::ids::{GroupId, KeyId};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::cipher::StoredKey;
use crate::logs::RequestType;

/// Everything of a row of `request_logs`, and what it counts for. Its texts are borrowed from where they are while it is written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpoolRecord<'r> {
    /// Id of the row: a UUID of version 7, so that rows go to the end of the index.
    pub id: Uuid,
    /// One for all attempts of a request.
    pub request_id: Uuid,
    /// When the attempt ended, milliseconds since 1970.
    pub timestamp_ms: i64,
    /// The group whose key was used.
    pub group_id: GroupId,
    /// Its name.
    pub group_name: Cow<'r, str>,
    /// The aggregate that was asked for, if one was.
    pub parent_group_id: Option<GroupId>,
    /// Its name; empty if there was none.
    pub parent_group_name: Cow<'r, str>,
    /// The key that was used.
    pub key_id: Option<KeyId>,
    /// What the row holds of the key, made by [`KeyCipher::store`](crate::KeyCipher::store); the default for none.
    pub key: Cow<'r, StoredKey>,
    /// Whether the attempt counts for the key's `request_count` and `last_used_at`.
    pub counts_as_use: bool,
    /// The model as asked for.
    pub model: Cow<'r, str>,
    /// Whether the attempt succeeded.
    pub is_success: bool,
    /// Address of the client.
    pub source_ip: Cow<'r, str>,
    /// Status of the answer.
    pub status_code: u16,
    /// Path asked for.
    pub request_path: Cow<'r, str>,
    /// From the request's arrival to the attempt's end, milliseconds.
    pub duration_ms: i64,
    /// What went wrong; empty if nothing.
    pub error_message: Cow<'r, str>,
    /// The client's `User-Agent`.
    pub user_agent: Cow<'r, str>,
    /// Whether the attempt was the last.
    pub request_type: RequestType,
    /// URL of the upstream.
    pub upstream_addr: Cow<'r, str>,
    /// Whether a stream was asked for.
    pub is_stream: bool,
    /// The request's body, if it is kept.
    pub request_body: Cow<'r, str>,
    /// From the request's arrival to the answer's first byte, milliseconds.
    pub first_byte_ms: Option<i64>,
    /// Tokens of the prompt.
    pub prompt_tokens: Option<i64>,
    /// Tokens of the answer.
    pub completion_tokens: Option<i64>,
    /// Tokens of the prompt that the provider had in its cache.
    pub cached_tokens: Option<i64>,
    /// Which attempt it was, from 1.
    pub attempt: u32,
    /// Hash of the proxy key that the client gave; empty for none.
    pub proxy_key_hash: Cow<'r, str>,
    /// From the request's arrival to the attempt's beginning, milliseconds; `None` if there was no attempt.
    pub begun_ms: Option<i64>,
    /// What became of the attempt; `None` if there was none.
    pub outcome: Option<AttemptOutcome>,
    /// How long the key rests because of it, milliseconds.
    pub rest_ms: Option<i64>,
}

/// MySQL's `text` ends here.
const TEXT_BYTES: usize = 65_535;
/// 9999-12-30T22:00:00Z, the last that [`jiff::Timestamp`] takes.
const LAST_MS: i64 = 253_402_207_200_000;

impl SpoolRecord<'_> {
    /// Makes every field fit its column in any of the databases: texts are cut at a character's end, and NUL, which
    /// PostgreSQL refuses, is replaced.
    pub fn sanitize(&mut self) {
        self.timestamp_ms = self.timestamp_ms.clamp(0, LAST_MS);
        let columns = [
            (&mut self.group_name, 255),
            (&mut self.parent_group_name, 255),
            (&mut self.model, 255),
            (&mut self.source_ip, 64),
            (&mut self.request_path, 500),
            (&mut self.user_agent, 512),
            (&mut self.upstream_addr, 500),
            (&mut self.proxy_key_hash, 128),
        ];
        for (text, characters) in columns {
            clean(text);
            cut(text, characters);
        }
        for text in [&mut self.error_message, &mut self.request_body] {
            clean(text);
            let end = text.floor_char_boundary(TEXT_BYTES);
            shorten(text, end);
        }
    }
}

fn clean(text: &mut Cow<'_, str>) {
    if text.contains('\0') {
        *text = text.replace('\0', "\u{fffd}").into();
    }
}

/// A text with no more bytes has no more characters: most need not be counted.
fn cut(text: &mut Cow<'_, str>, characters: usize) {
    if text.len() > characters
        && let Some((end, _)) = text.char_indices().nth(characters)
    {
        shorten(text, end);
    }
}

fn shorten(text: &mut Cow<'_, str>, end: usize) {
    match text {
        Cow::Borrowed(text) => *text = text.get(..end).unwrap_or(text),
        Cow::Owned(text) => text.truncate(end),
    }
}
