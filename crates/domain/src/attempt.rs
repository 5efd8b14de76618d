//! What an attempt is taken for, as the log has it.

use serde::{Deserialize, Serialize};

use crate::classify::Outcome;

macro_rules! outcomes {
    ($($(#[$doc:meta])* $name:ident $word:literal;)*) => {
        /// What became of one attempt at a request, and of its key.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum AttemptOutcome {
            $($(#[$doc])* $name,)*
        }

        impl AttemptOutcome {
            /// The word in the database and the API.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $word,)*
                }
            }
        }
    };
}

// The spool tells them apart by their places: new ones come last.
outcomes! {
    /// The client got what it asked for.
    Served "served";
    /// The key rests.
    RateLimited "rate_limited";
    /// The key was refused: a failure of its own.
    KeyRefused "key_refused";
    /// The same, and it became invalid by it.
    KeyTakenOut "key_taken_out";
    /// Key or request are at fault; it is the key if the same request succeeds with another one.
    InDoubt "in_doubt";
    /// The upstream is in trouble, or gave no answer.
    UpstreamSick "upstream_sick";
    /// The request is at fault.
    ClientMistake "client_mistake";
    /// The answer broke off.
    CutShort "cut_short";
    /// The client closed its connection.
    ClientGone "client_gone";
}

impl AttemptOutcome {
    /// How the log tells of an outcome. `is_key_out`: the key became invalid by it.
    #[must_use]
    pub fn of(outcome: Outcome, is_key_out: bool) -> Self {
        match outcome {
            Outcome::Ok => Self::Served,
            Outcome::SickUpstream => Self::UpstreamSick,
            Outcome::RateLimited => Self::RateLimited,
            Outcome::BadKey if is_key_out => Self::KeyTakenOut,
            Outcome::BadKey => Self::KeyRefused,
            Outcome::Doubtful => Self::InDoubt,
            Outcome::ClientMistake => Self::ClientMistake,
            Outcome::CutShort => Self::CutShort,
            Outcome::ClientGone => Self::ClientGone,
        }
    }
}
