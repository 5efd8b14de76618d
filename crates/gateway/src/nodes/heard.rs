//! Which numbered news have been heard.

use std::collections::HashMap;

use uuid::Uuid;

/// Nodes that have not been heard for so long are forgotten, in milliseconds.
const MEMORY_MS: u64 = 60 * 60_000;

/// Of each node the numbers that were heard last, without a gap.
#[derive(Debug, Default)]
pub struct Heard(HashMap<Uuid, Run>);

#[derive(Clone, Copy, Debug)]
struct Run {
    first: u64,
    last: u64,
    at_ms: u64,
}

impl Heard {
    /// Notes that `number` of `node` is heard now. Numbers come in their order, if they come.
    pub fn note(&mut self, node: Uuid, number: u64, now_ms: u64) {
        if !self.0.contains_key(&node) {
            self.0.retain(|_, run| now_ms < run.at_ms.saturating_add(MEMORY_MS));
        }
        let run = self.0.entry(node).or_insert(Run { first: number, last: number, at_ms: now_ms });
        let first = if number == run.last + 1 { run.first } else { number };
        *run = Run { first, last: number, at_ms: now_ms };
    }

    /// Whether everything from the first to the last of these numbers was heard.
    #[must_use]
    pub fn has_all(&self, node: Uuid, (first, last): (u64, u64)) -> bool {
        self.0.get(&node).is_some_and(|run| run.first <= first && last <= run.last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_heard_without_a_gap_counts() {
        let (mut heard, node, other) = (Heard::default(), Uuid::from_u128(1), Uuid::from_u128(2));
        for number in [3, 4, 5] {
            heard.note(node, number, 0);
        }
        assert!(heard.has_all(node, (3, 5)) && heard.has_all(node, (4, 4)));
        assert!(!heard.has_all(node, (2, 4)) && !heard.has_all(node, (5, 6)) && !heard.has_all(other, (3, 3)));
        heard.note(node, 7, 0);
        assert!(heard.has_all(node, (7, 7)) && !heard.has_all(node, (5, 7)));
    }

    #[test]
    fn nodes_that_are_gone_are_forgotten() {
        let (mut heard, gone) = (Heard::default(), Uuid::from_u128(1));
        heard.note(gone, 1, 0);
        heard.note(Uuid::from_u128(2), 1, MEMORY_MS);
        assert!(!heard.has_all(gone, (1, 1)) && heard.0.len() == 1);
    }
}
