//! What choosing a key and logging want to know of a body: its model, and whether a stream is asked for.

use super::{json, multipart};

/// What a body says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hints {
    /// The model asked for. Of several, the last that is a string: the one parsers take.
    pub model: Option<String>,
    /// The stream flag, if there is one.
    pub stream: Option<bool>,
}

/// Whether more of the body could tell more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// The hints are final.
    Done,
    /// The model is known. What is still to come may hold the stream flag, or the same name a second time.
    ModelKnown,
    /// No model yet.
    NeedMore,
    /// The body is neither a JSON object nor a form and has no hints.
    NotAnObject,
}

/// Reads the hints from the first bytes of a body; `complete` says whether they are all of it.
/// Whatever is not `multipart/form-data` by its content type is taken for JSON: clients often name no type or a wrong one.
#[must_use]
pub fn hints(content_type: Option<&str>, prefix: &[u8], complete: bool) -> (Hints, Progress) {
    match content_type.and_then(multipart::boundary) {
        Some(boundary) => in_form(&boundary, prefix, complete),
        None => in_json(prefix, complete),
    }
}

fn in_json(prefix: &[u8], complete: bool) -> (Hints, Progress) {
    let mut hints = Hints::default();
    let mut members = json::members(prefix);
    for member in members.by_ref() {
        if member.is_named("model") {
            hints.model = member.text().or(hints.model);
        } else if member.is_named("stream") {
            hints.stream = flag(member.value).or(hints.stream);
        }
    }
    let progress = match members.end() {
        json::End::NotAnObject => Progress::NotAnObject,
        json::End::Truncated if !complete => unfinished(&hints),
        _ => Progress::Done,
    };
    (hints, progress)
}

fn in_form(boundary: &str, prefix: &[u8], complete: bool) -> (Hints, Progress) {
    let mut hints = Hints::default();
    let mut fields = multipart::fields(boundary, prefix);
    for field in fields.by_ref() {
        match field.name.as_str() {
            "model" => hints.model = Some(String::from_utf8_lossy(field.value).into_owned()),
            "stream" => hints.stream = flag(field.value).or(hints.stream),
            _ => {}
        }
    }
    let progress = if complete || fields.is_closed() { Progress::Done } else { unfinished(&hints) };
    (hints, progress)
}

fn flag(value: &[u8]) -> Option<bool> {
    match value {
        b"true" => Some(true),
        b"false" => Some(false),
        _ => None,
    }
}

fn unfinished(hints: &Hints) -> Progress {
    if hints.model.is_some() { Progress::ModelKnown } else { Progress::NeedMore }
}

#[cfg(test)]
mod tests;
