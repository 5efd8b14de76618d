//! What the console shows first.

use domain::group::{Group, GroupKind};
use storage::stats::GroupChoice;

mod buckets;
pub mod chart;
pub mod encryption;
pub mod groups;
pub mod stats;
mod warnings;

/// Every group but the aggregates, whose requests are counted with their members.
fn all_but_aggregates(groups: &[Group]) -> GroupChoice {
    let aggregates = groups.iter().filter(|group| group.spec.kind == GroupKind::Aggregate);
    GroupChoice::AllBut(aggregates.map(|group| group.id).collect())
}
