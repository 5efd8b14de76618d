//! Model lists as the redirect rules would have them. Not a hot path: here a document tree is fine.

use http::Method;
use serde_json::{Map, Value, json};

use super::Redirects;
use crate::rewrite::url;

/// Whether the request asks for a model list: `GET …/v1/models`, `…/v1beta/models`, `…/v1beta/openai/…/models`.
/// `path` starts with a slash; one at its end does no harm.
#[must_use]
pub fn is_model_list(method: &Method, path: &str) -> bool {
    let path = path.strip_suffix('/').unwrap_or(path);
    let is_list = path.ends_with("/v1/models")
        || path.ends_with("/v1beta/models")
        || path.ends_with("/models") && path.contains("/v1beta/openai/");
    method == Method::GET && is_list
}

/// Whether the request's query asks for no later page: it has no Gemini page token and no Anthropic cursor.
#[must_use]
pub fn is_first_page(query: Option<&str>) -> bool {
    !query.is_some_and(|query| url::has_param(query, &["pageToken", "page_token", "after_id", "before_id"]))
}

/// The upstream's model list with the names of `redirects`: nothing but those in strict mode, else those it lacks added
/// at the end of the first page. Strict lists are whole on their first page; later ones are empty.
///
/// A name whose target is listed gets a copy of the target's entry, any other a minimal one in the list's format.
/// `None` if the list is to go as it is: it isn't one, there are no rules, or none of their names is missing.
#[must_use]
pub fn rewrite_list(body: &[u8], redirects: &Redirects, first_page: bool) -> Option<Vec<u8>> {
    if redirects.is_empty() || !first_page && !redirects.strict {
        return None;
    }
    let mut list: Value = serde_json::from_slice(body).ok()?;
    let format = Format::of(&list)?;
    let entries = format.entries(&mut list)?;
    if redirects.strict {
        *entries = if first_page { format.entries_for(redirects, entries, |_| true) } else { Vec::new() };
        end_paging(&mut list);
    } else {
        let lacks = |asked: &str| !entries.iter().any(|entry| format.listed_name(entry) == Some(asked));
        let added = format.entries_for(redirects, entries, lacks);
        if added.is_empty() {
            return None;
        }
        entries.extend(added);
    }
    serde_json::to_vec(&list).ok()
}

/// The names in a model list, without Gemini's `models/` before them. `None` if it isn't one.
#[must_use]
pub fn names(body: &[u8]) -> Option<Vec<String>> {
    let mut list: Value = serde_json::from_slice(body).ok()?;
    let format = Format::of(&list)?;
    let entries = format.entries(&mut list)?.iter();
    let names = entries.filter_map(|entry| entry.get(format.name_member())?.as_str());
    Some(names.map(|name| name.strip_prefix("models/").unwrap_or(name).to_owned()).collect())
}

#[derive(Clone, Copy)]
enum Format {
    /// `{"object":"list","data":[{"id":…}]}`
    OpenAi,
    /// A bare `[{"id":…}]`, which some relatives of `OpenAI` answer.
    Bare,
    /// `{"data":[{"type":"model","id":…}],"has_more":…}`
    Anthropic,
    /// `{"models":[{"name":"models/…"}],"nextPageToken":…}`
    Gemini,
}

impl Format {
    fn of(list: &Value) -> Option<Self> {
        let envelope = match list {
            Value::Array(_) => return Some(Self::Bare),
            Value::Object(envelope) => envelope,
            _ => return None,
        };
        match (envelope.get("data"), envelope.get("models")) {
            (Some(_), _) if envelope.contains_key("has_more") => Some(Self::Anthropic),
            (Some(_), _) => Some(Self::OpenAi),
            (None, Some(_)) => Some(Self::Gemini),
            (None, None) => None,
        }
    }

    fn entries(self, list: &mut Value) -> Option<&mut Vec<Value>> {
        let entries = match self {
            Self::Bare => Some(list),
            Self::OpenAi | Self::Anthropic => list.get_mut("data"),
            Self::Gemini => list.get_mut("models"),
        };
        entries?.as_array_mut()
    }

    fn entries_for(self, redirects: &Redirects, listed: &[Value], wanted: impl Fn(&str) -> bool) -> Vec<Value> {
        let rules = redirects.rules.iter().filter(|(asked, _)| wanted(asked));
        rules.map(|(asked, sent)| self.entry(asked, find(listed, sent))).collect()
    }

    fn entry(self, asked: &str, target: Option<&Map<String, Value>>) -> Value {
        let Some(target) = target else { return self.minimal_entry(asked) };
        let mut entry = target.clone();
        entry.insert(self.name_member().to_owned(), Value::String(self.name_of(asked)));
        for shown in ["display_name", "displayName"] {
            if let Some(shown) = entry.get_mut(shown) {
                *shown = Value::from(asked);
            }
        }
        Value::Object(entry)
    }

    fn minimal_entry(self, asked: &str) -> Value {
        match self {
            Self::OpenAi | Self::Bare => json!({"id": asked, "object": "model", "created": 0, "owned_by": "gpt-load"}),
            Self::Anthropic => {
                json!({"type": "model", "id": asked, "display_name": asked, "created_at": "1970-01-01T00:00:00Z"})
            }
            Self::Gemini => json!({
                "name": self.name_of(asked),
                "displayName": asked,
                "supportedGenerationMethods": ["generateContent", "countTokens"],
            }),
        }
    }

    fn name_member(self) -> &'static str {
        if matches!(self, Self::Gemini) { "name" } else { "id" }
    }

    fn name_of(self, asked: &str) -> String {
        if matches!(self, Self::Gemini) { format!("models/{asked}") } else { asked.to_owned() }
    }

    fn listed_name(self, entry: &Value) -> Option<&str> {
        let name = entry.get(self.name_member())?.as_str()?;
        if matches!(self, Self::Gemini) { name.strip_prefix("models/") } else { Some(name) }
    }
}

/// The entry of the model `sent`. Gemini writes `models/` before names in its `OpenAI` format too.
fn find<'l>(listed: &'l [Value], sent: &str) -> Option<&'l Map<String, Value>> {
    listed.iter().filter_map(Value::as_object).find(|entry| {
        let name = entry.get("id").or_else(|| entry.get("name")).and_then(Value::as_str).unwrap_or_default();
        name.strip_prefix("models/").unwrap_or(name) == sent
    })
}

/// A strict list has no further page, whatever the upstream's had.
fn end_paging(list: &mut Value) {
    let Value::Object(envelope) = list else { return };
    envelope.shift_remove("nextPageToken");
    let Some(has_more) = envelope.get_mut("has_more") else { return };
    *has_more = Value::Bool(false);
    let data = envelope.get("data").and_then(Value::as_array);
    let id = |entry: Option<&Value>| entry.and_then(|entry| entry.get("id")).cloned().unwrap_or_default();
    let cursors = data.map(|data| [("first_id", id(data.first())), ("last_id", id(data.last()))]);
    for (name, value) in cursors.into_iter().flatten() {
        envelope.insert(name.to_owned(), value);
    }
}

#[cfg(test)]
mod tests;
