//! How many keys are in which state, as clients see it.

use domain::ids::GroupId;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use crate::clock;
use crate::keyring::States;

/// How many keys are in which state: each is usable, cooling, invalid or disabled.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct KeyTotals {
    total: usize,
    /// Those that may serve, resting ones included.
    active: usize,
    /// Those that can serve now, whatever the model.
    usable: usize,
    /// Active ones that rest now, altogether or for some model.
    cooling: usize,
    /// Those of them that rest for some models only, and serve the others.
    cooling_for_some_models: usize,
    invalid: usize,
    disabled: usize,
    /// When the first rest ends; null if no key rests.
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    next_wake_at: Option<Timestamp>,
}

/// The keys of a group.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct KeyStates {
    pub(super) group_id: GroupId,
    #[serde(flatten)]
    pub(super) keys: KeyTotals,
}

impl From<States> for KeyTotals {
    fn from(states: States) -> Self {
        Self {
            total: states.total(),
            active: states.active(),
            usable: states.usable,
            cooling: states.cooling,
            cooling_for_some_models: states.cooling_for_some_models,
            invalid: states.invalid,
            disabled: states.disabled,
            next_wake_at: states.first_wake_ms.map(clock::wall_time_of),
        }
    }
}
