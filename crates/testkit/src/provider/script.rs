//! What the calls of a key or a path get, one after the other.

use std::fmt;
use std::sync::Arc;

use super::answer::Answer;
use super::received::Received;
use super::{api, errors, key_text};

/// One call as a script sees it.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    /// The request. Its body is empty if the script is early.
    pub request: &'a Received,
    /// Which call of this part of the script it is, from 1.
    pub number: u64,
}

type Decide = Arc<dyn Fn(&Call<'_>) -> Answer + Send + Sync>;

/// Answers for any number of calls. Cheap to clone.
#[derive(Clone)]
pub struct Script {
    /// How many calls each part answers; the last one any number.
    parts: Vec<(u64, Decide)>,
    early: bool,
}

impl Script {
    /// Decides anew for every call.
    pub fn from_fn(decide: impl Fn(&Call<'_>) -> Answer + Send + Sync + 'static) -> Self {
        Self { parts: vec![(u64::MAX, Arc::new(decide))], early: false }
    }

    /// The good answer of the path called, as its real provider gives it.
    pub fn ok() -> Self {
        Self::from_fn(|call| api::answer(call.request))
    }

    /// Whatever a word in the key asks for; see `mock-provider --help`.
    pub fn by_key_text() -> Self {
        Self::from_fn(key_text::answer)
    }

    /// An error in the shape of the provider whose path is called.
    pub fn fails(kind: errors::Kind) -> Self {
        Self::from_fn(move |call| errors::answer(kind, call.request))
    }

    /// The key is refused: 401, Gemini 400.
    pub fn dead() -> Self {
        Self::fails(errors::Kind::InvalidKey)
    }

    /// The key is rate limited for so many seconds.
    pub fn limited(seconds: u64) -> Self {
        Self::fails(errors::Kind::RateLimited { seconds })
    }

    /// The first `calls` calls get this, those after it what [`Self::then`] adds, or good answers.
    pub fn first(calls: u64, script: impl Into<Self>) -> Self {
        let script = script.into();
        let early = script.early;
        Self { parts: vec![(calls, Arc::new(move |call| script.answer(call)))], early }
    }

    /// What comes when all parts so far are used up.
    pub fn then(mut self, script: impl Into<Self>) -> Self {
        let script = script.into();
        self.early |= script.early;
        self.parts.extend(script.parts);
        self
    }

    /// One item a call, then good answers.
    pub fn sequence<S: Into<Self>>(items: impl IntoIterator<Item = S>) -> Self {
        let empty = Self { parts: Vec::new(), early: false };
        items.into_iter().fold(empty, |script, item| script.then(Self::first(1, item)))
    }

    /// Answers when the head is there, without reading the body; the connection is closed after the answer.
    pub fn early(mut self) -> Self {
        self.early = true;
        self
    }

    pub(super) fn is_early(&self) -> bool {
        self.early
    }

    pub(super) fn answer(&self, call: &Call<'_>) -> Answer {
        let mut number = call.number;
        for (calls, decide) in &self.parts {
            if number <= *calls {
                return decide(&Call { number, ..*call });
            }
            number -= calls;
        }
        api::answer(call.request)
    }
}

impl From<Answer> for Script {
    fn from(answer: Answer) -> Self {
        Self::from_fn(move |_| answer.clone())
    }
}

impl fmt::Debug for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Script").field("parts", &self.parts.len()).field("early", &self.early).finish()
    }
}
