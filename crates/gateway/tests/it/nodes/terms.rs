//! What nodes say in their logs of when they led.

use jiff::Timestamp;
use testkit::App;

/// A time of leading.
#[derive(Clone, Debug)]
pub(crate) struct Term {
    token: i64,
    begun: Timestamp,
    /// `None` if it goes on.
    ended: Option<Timestamp>,
}

/// What a node says since it was last started.
pub(crate) fn terms(node: &App) -> Vec<Term> {
    let mut terms: Vec<Term> = Vec::new();
    for line in node.output().lines() {
        let Some((at, said)) = line.split_once(' ').filter(|(_, said)| said.contains("this node leads")) else {
            continue;
        };
        let token = said.split("token=").nth(1).and_then(|rest| rest.split(' ').next()).unwrap().parse().unwrap();
        let at = at.parse().unwrap();
        if said.contains("no more") {
            terms.last_mut().unwrap().ended = Some(at);
        } else {
            terms.push(Term { token, begun: at, ended: None });
        }
    }
    terms
}

/// The same of one that has just been killed.
pub(crate) fn terms_of_killed(node: &App) -> Vec<Term> {
    let mut terms = terms(node);
    if let Some(last) = terms.last_mut() {
        last.ended.get_or_insert_with(Timestamp::now);
    }
    terms
}

pub(crate) fn leads(node: &App) -> bool {
    terms(node).last().is_some_and(|term| term.ended.is_none())
}

/// Each leader has a greater token than the one before it, which had ended when it began.
#[track_caller]
pub(crate) fn assert_one_at_a_time(mut all: Vec<Term>) {
    all.sort_by_key(|term| term.token);
    for pair in all.windows(2) {
        assert!(pair[0].token < pair[1].token, "{all:?}");
        assert!(pair[0].ended.is_some_and(|ended| ended <= pair[1].begun), "{all:?}");
    }
}
