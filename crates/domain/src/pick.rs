//! Choosing one of many: [`SmoothWeighted`] for upstreams and sub-groups, [`Ring`] for keys.

mod ring;
mod weighted;

pub use ring::Ring;
pub use weighted::SmoothWeighted;
