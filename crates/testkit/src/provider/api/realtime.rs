//! `/v1/realtime`: a WebSocket whose server sends back what it gets.

use serde_json::json;

use super::super::answer::{Answer, Step};
use super::super::received::Received;
use super::super::websocket;
use crate::http::field;

/// The subprotocol that is chosen if it is offered.
const SUBPROTOCOL: &str = "realtime";

/// A 101, then the session's first event and each message of the client. A client that sends no `Sec-WebSocket-Key` speaks no WebSocket:
/// its bytes come back as they are.
pub(super) fn answer(request: &Received) -> Answer {
    let mut head = "HTTP/1.1 101 Switching Protocols\r\n".to_owned();
    field(&mut head, "upgrade", "websocket");
    field(&mut head, "connection", "Upgrade");
    let Some(key) = request.header("sec-websocket-key") else {
        return Answer::steps([Step::Send((head + "\r\n").into()), Step::Echo]);
    };
    field(&mut head, "sec-websocket-accept", &websocket::accept(key));
    if request.headers.has_token("sec-websocket-protocol", SUBPROTOCOL) {
        field(&mut head, "sec-websocket-protocol", SUBPROTOCOL);
    }
    let session =
        json!({"type": "realtime", "id": "sess_mock", "object": "realtime.session", "model": request.query("model")});
    let created = json!({"type": "session.created", "event_id": "event_1", "session": session});
    let created = websocket::frame(websocket::TEXT, created.to_string().as_bytes());
    Answer::steps([Step::Send((head + "\r\n").into()), Step::Send(created), Step::WebSocket])
}
