//! Parameter overrides: an operator's values for top-level members of a JSON body.

use super::json::{self, End};
use super::splice;
use crate::raw_object::RawObject;

/// `body` with each override in the place of the value it had, or added before the closing brace if it had none.
/// A name that stands more than once gets the override at every occurrence: which one counts is up to the provider's parser.
///
/// `None` if the body is to go as it is: it is not one whole JSON object, or there is nothing to change in it.
#[must_use]
pub fn apply(body: &[u8], overrides: &RawObject) -> Option<Vec<u8>> {
    if overrides.is_empty() {
        return None;
    }
    let overrides: Vec<(&str, &str)> = overrides.iter().collect();
    let mut found = vec![false; overrides.len()];
    let mut edits = Vec::new();
    let mut members = json::members(body);
    let mut is_empty = true;
    for member in members.by_ref() {
        is_empty = false;
        let matching = overrides.iter().zip(&mut found).find(|((name, _), _)| member.is_named(name));
        let Some(((_, value), found)) = matching else { continue };
        *found = true;
        if member.value != value.as_bytes() {
            edits.push((member.span, value.as_bytes()));
        }
    }
    let brace = whole_object(body, members.end())?;
    let missing = overrides.iter().zip(&found).filter(|(_, found)| !**found).map(|(member, _)| *member);
    let added = joined(missing, is_empty);
    if !added.is_empty() {
        edits.push((brace..brace, added.as_bytes()));
    }
    (!edits.is_empty()).then(|| splice(body, &edits))
}

/// The position of the closing brace if nothing but white space follows it.
fn whole_object(body: &[u8], end: End) -> Option<usize> {
    let End::Closed { brace } = end else { return None };
    body.get(brace + 1..)?.iter().all(|byte| json::is_space(*byte)).then_some(brace)
}

fn joined<'m>(members: impl Iterator<Item = (&'m str, &'m str)>, mut first: bool) -> String {
    let mut text = String::new();
    for (name, value) in members {
        if !std::mem::take(&mut first) {
            text.push(',');
        }
        text.push_str(&serde_json::Value::from(name).to_string());
        text.push(':');
        text.push_str(value);
    }
    text
}

#[cfg(test)]
mod tests;
