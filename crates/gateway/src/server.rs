//! Accepting connections and serving them: one thread a core, each with a runtime of its own.
//!
//! | file | what it holds |
//! |---|---|
//! | [`acceptor`] | the one listener, which hands each connection to the least busy worker |
//! | [`worker`] | a data-plane thread: its runtime and its connections |
//! | [`connection`] | one client connection, HTTP/1 or HTTP/2, until it ends |
//! | [`head_check`] | heads that are refused whatever they ask for |
//! | [`cors`] | pages of other origins |
//! | [`guarded_io`] | the time limits of a client connection |
//! | [`framing`] | heads and chunk lines that can be read in one way only |
//! | [`leaving`] | that the server is about to go |
//! | [`in_flight`] | counting requests that are under way |
//! | [`sockets`] | how many connections there may be |
//! | [`handover`] | requests that go to the control plane, and their answers |
//! | [`succession`] [`forward`] | who answers them when a new process takes over |
//! | [`body`] | response bodies of both planes |
//! | [`upgrade`] | connections that leave HTTP |

pub mod acceptor;
pub mod body;
mod connection;
mod cors;
mod forward;
mod framing;
pub mod guarded_io;
pub mod handover;
mod head_check;
pub mod in_flight;
pub mod leaving;
pub mod sockets;
pub mod succession;
pub mod upgrade;
pub mod waiting_room;
pub mod worker;
