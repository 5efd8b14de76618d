//! The outcome table, row by row, with the answers that providers really give.
//!
//! | file | what it shows |
//! |---|---|
//! | `table` | each answer: what the client gets, whether another key is tried, what becomes of the key |
//! | `encoded` | the same for compressed answers |
//! | `blame` | thresholds, the operator's lists, doubts settled by evidence, what blames no key |
//! | `rests` | how long a rate-limited key rests, and for what |
//! | `masked` | a key's secret stays in |

mod blame;
mod encoded;
mod masked;
mod rests;
mod table;
