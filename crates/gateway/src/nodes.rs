//! Several nodes on one database: what others have changed is taken up here.
//!
//! | file | what it holds |
//! |---|---|
//! | [`wanted`] | what is to be read from the database anew |
//! | [`catch_up`] | reading it, and putting it in force |
//! | [`inbox`], [`heard`] | what is said by Redis, ahead of the database |
//!
//! The database is the truth. Every change leaves a row in its feed, in the same transaction; [`jobs::follow_nodes`](crate::jobs::follow_nodes)
//! reads them. A row of the feed says what is to be read, not what it is: so nodes agree in the end, whatever order they hear in.
//! By Redis they hear sooner ([`jobs::tell_nodes`](crate::jobs::tell_nodes)), and of what happens to keys in traffic even while there is no
//! database; but nothing depends on it.

pub mod catch_up;
mod heard;
pub mod inbox;
pub mod wanted;
