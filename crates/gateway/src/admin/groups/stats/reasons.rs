//! Why invalid keys are out: what providers said of them, counted.

use std::collections::HashMap;

use domain::ids::GroupId;
use schemars::JsonSchema;
use serde::Serialize;
use storage::keys::Fault;

use crate::admin::Context;
use crate::admin::error::ApiError;

/// Reasons that are told.
const TOLD: usize = 5;
/// Characters of a message that are told.
const MESSAGE_CHARS: usize = 160;
/// Invalid keys that are looked at.
const KEYS: u32 = 20_000;

/// What was said of so many keys.
#[derive(Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct Reason {
    /// The status of the answer; null if it is not known.
    status: Option<i64>,
    /// The provider's words, `***` in the place of keys; empty if they are not known.
    message: String,
    count: usize,
}

/// The most frequent reasons why keys of a group are invalid, and of how many keys they are the reasons.
pub async fn of_group(context: &Context, group: GroupId) -> Result<(Vec<Reason>, usize), ApiError> {
    let faults = context.db.faults_of_invalid_keys(group, KEYS).await?;
    let keys = faults.len();
    Ok((most_frequent(faults), keys))
}

fn most_frequent(faults: Vec<Fault>) -> Vec<Reason> {
    let mut counts = HashMap::<_, usize>::new();
    for (status, message) in faults {
        *counts.entry((status, short(&message.unwrap_or_default()))).or_default() += 1;
    }
    let reason = |((status, message), count)| Reason { status, message, count };
    let mut reasons: Vec<_> = counts.into_iter().map(reason).collect();
    reasons.sort_unstable_by(|one, other| other.count.cmp(&one.count).then_with(|| one.message.cmp(&other.message)));
    reasons.truncate(TOLD);
    reasons
}

/// Providers put a masked key into what they say, so that no two keys are told the same.
fn short(message: &str) -> String {
    let word = |word| if str::contains(word, "**") { "***" } else { word };
    let words = message.split_whitespace().map(word).collect::<Vec<_>>().join(" ");
    words.char_indices().nth(MESSAGE_CHARS).map_or_else(|| words.clone(), |(end, _)| words[..end].to_owned() + "…")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_that_differ_by_the_key_alone_are_one_reason() {
        let said = |status, message: &str| (Some(status), Some(message.to_owned()));
        let mut faults = vec![
            said(401, "Incorrect API key provided: sk-1****cdef. You can find it."),
            said(401, "Incorrect  API key provided: sk-2****f00d. You can find it."),
            said(403, "disabled"),
            (None, None),
        ];
        faults.extend((0..9).map(|n| said(400, &format!("once {n}"))));
        let reasons = most_frequent(faults);
        let reason = |status, message: &str, count| Reason { status, message: message.to_owned(), count };
        assert_eq!(
            reasons[..2],
            [reason(Some(401), "Incorrect API key provided: *** You can find it.", 2), reason(None, "", 1)]
        );
        assert_eq!(reasons.len(), TOLD);
    }

    #[test]
    fn long_messages_are_cut() {
        assert_eq!(short(&"ü".repeat(200)), "ü".repeat(160) + "…");
        assert_eq!(short(&"ü".repeat(160)), "ü".repeat(160));
    }
}
