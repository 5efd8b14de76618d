//! `GET /api/events`: what changes, as server-sent events.

use std::collections::VecDeque;
use std::convert::Infallible;

use axum::extract::State;
use axum::response::Sse;
use axum::response::sse::{Event as Sent, KeepAlive, KeepAliveStream};
use domain::language::Language;
use futures_util::{Stream, stream};
use serde_json::Value;

use super::Parts;
use super::language::spoken;
use super::tasks::told;
use crate::events::Event;

/// How things stand, then what changes, until the client leaves or the server stops. A comment comes when there is nothing else, so that
/// proxies on the way don't take the stream for dead.
pub async fn listen(
    State(context): Parts,
) -> Sse<KeepAliveStream<impl Stream<Item = Result<Sent, Infallible>> + use<>>> {
    let (first, listener) = context.events.listen();
    let state = (VecDeque::from(first), listener, context.draining.clone());
    let language = spoken();
    let events = stream::unfold(state, move |(mut first, mut listener, draining)| async move {
        let event = match first.pop_front() {
            Some(event) => event,
            None => draining.run_until_cancelled(listener.next()).await.flatten()?,
        };
        Some((Ok(sent(event, language)), (first, listener, draining)))
    });
    Sse::new(events).keep_alive(KeepAlive::default())
}

/// Its name, and its data as JSON.
fn sent(event: Event, language: Language) -> Sent {
    let event = match event {
        Event::Task(status) => Event::Task(told(status, language)),
        other => other,
    };
    let mut value = serde_json::to_value(event).unwrap_or_default();
    let data = value.get_mut("data").map(Value::take).unwrap_or_default();
    Sent::default().event(value["event"].as_str().unwrap_or_default()).data(data.to_string())
}
