//! Tests of the project itself: what documents say, and who may use whom.

mod bounds;
mod docs;
mod layout;
