//! How many keys a pool has in each state.

/// How a pool stands, for people and for `Retry-After`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Census {
    /// Keys in all.
    pub total: usize,
    /// Keys that can serve the model asked about.
    pub usable: usize,
    /// Active keys that rest.
    pub resting: usize,
    /// Keys that were refused by the provider.
    pub invalid: usize,
    /// Keys an operator has taken out.
    pub disabled: usize,
    /// When the first resting key wakes, in milliseconds of the process' clock.
    pub first_wake_ms: Option<u64>,
    /// What the provider last said when it refused a key: status and words.
    pub last_refusal: Option<(u16, String)>,
}

impl Census {
    /// Both pools taken as one.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            total: self.total + other.total,
            usable: self.usable + other.usable,
            resting: self.resting + other.resting,
            invalid: self.invalid + other.invalid,
            disabled: self.disabled + other.disabled,
            first_wake_ms: self.first_wake_ms.into_iter().chain(other.first_wake_ms).min(),
            last_refusal: other.last_refusal.or(self.last_refusal),
        }
    }
}
