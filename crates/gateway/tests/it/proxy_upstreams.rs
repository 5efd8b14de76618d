//! Where requests go: weights, ejection and probe, aggregate groups.
//!
//! | file | what it shows |
//! |---|---|
//! | `weights` | shares of a group's upstreams |
//! | `ejection` | sick upstreams give their traffic away and get it back |
//! | `aggregates` | which sub-group answers, and what of it is whose |
//! | `failover` | attempts that go on in another sub-group |

mod aggregates;
mod ejection;
mod failover;
mod sites;
mod weights;
