//! Model redirect: which name goes to the provider, and putting it into a body or a path.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;

use super::{json, multipart, percent, splice, url};

pub mod list;

/// A group's redirect rules.
#[derive(Clone, Debug, Default)]
pub struct Redirects {
    rules: BTreeMap<String, String>,
    strict: bool,
}

/// What becomes of a request's model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Redirect<'r> {
    /// It goes as it came.
    Keep,
    /// It is replaced by this name. Even if an operator lists a name as itself, for the strict mode, the body is to be
    /// edited, so that no second `model` member slips through.
    To(&'r str),
    /// The strict mode knows no such name: 400.
    Refused,
}

impl Redirects {
    /// `rules` from the name asked for to the name sent. Without any, `strict` has no effect.
    #[must_use]
    pub fn new(rules: BTreeMap<String, String>, strict: bool) -> Self {
        Self { strict: strict && !rules.is_empty(), rules }
    }

    /// Whether there is no rule, so that no request and no model list is changed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// Looks up the model a request asks for. A request without one passes.
    #[must_use]
    pub fn decide(&self, model: Option<&str>) -> Redirect<'_> {
        let Some(model) = model else { return Redirect::Keep };
        match self.rules.get(model) {
            Some(sent) => Redirect::To(sent),
            None if self.strict => Redirect::Refused,
            None => Redirect::Keep,
        }
    }
}

/// `body` (a form if `content_type` says so, else JSON) with every top-level `model` replaced: providers' parsers don't
/// agree on which of several counts. Members before a syntax error are replaced too, as a lax parser may stop there.
///
/// `None` if there is nothing to change.
#[must_use]
pub fn replace_in_body(content_type: Option<&str>, body: &[u8], to: &str) -> Option<Vec<u8>> {
    if let Some(boundary) = content_type.and_then(multipart::boundary) {
        return multipart::replace_model(&boundary, body, to);
    }
    let value = serde_json::Value::from(to).to_string();
    let models = json::members(body).filter(|member| member.is_named("model") && member.value != value.as_bytes());
    let edits: Vec<(Range<usize>, &[u8])> = models.map(|member| (member.span, value.as_bytes())).collect();
    (!edits.is_empty()).then(|| splice(body, &edits))
}

/// A model named by a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathModel<'p> {
    /// The name, percent-decoded.
    pub name: Cow<'p, str>,
    /// Where it stands in the path, as bytes.
    pub span: Range<usize>,
}

/// The model in a path of Gemini's native format: from after the segment `models` up to a `:` or `/`.
/// Segments are read as any server may read them (encoded letters and slashes, empty and dot segments), so that a
/// redirect can't be dodged.
#[must_use]
pub fn model_in_path(path: &str) -> Option<PathModel<'_>> {
    let start = model_start(path)?;
    let raw = path.get(start..)?.split([':', '/']).next()?;
    Some(PathModel { name: percent::decode(raw), span: start..start + raw.len() })
}

/// `path` with its model replaced by `to`, encoded as one segment. `None` if the path names no model.
#[must_use]
pub fn replace_in_path(path: &str, to: &str) -> Option<String> {
    let span = model_in_path(path)?.span;
    let (before, after) = (path.get(..span.start)?, path.get(span.end..)?);
    Some(format!("{before}{}{after}", percent::encode_segment(to)))
}

/// The model in the query of a request that has no body to name it in.
#[must_use]
pub fn model_in_query(query: &str) -> Option<Cow<'_, str>> {
    url::value_of(query, "model")
}

/// `query` with every `model` replaced by `to`: servers don't agree on which of several counts. Every other byte stays.
#[must_use]
pub fn replace_in_query(query: &str, to: &str) -> String {
    let model = format!("model={}", percent::encode_segment(to));
    let params = query.split('&').map(|param| if url::param_name(param) == "model" { model.as_str() } else { param });
    params.collect::<Vec<_>>().join("&")
}

fn model_start(path: &str) -> Option<usize> {
    // As long as what they replace, the slashes keep every position; the empty segments between them don't count.
    let slashed = path.replace("%2f", "///").replace("%2F", "///");
    let mut start = 0;
    let mut walked: Vec<(Cow<'_, str>, usize)> = Vec::new();
    for segment in slashed.split('/') {
        match percent::decode(segment) {
            dots if dots == ".." => drop(walked.pop()),
            skipped if skipped.is_empty() || skipped == "." => {}
            name => walked.push((name, start)),
        }
        start += segment.len() + 1;
    }
    let models = walked.iter().position(|(name, _)| name == "models")?;
    walked.get(models + 1).map(|(_, start)| *start)
}

#[cfg(test)]
mod tests;
