//! The stream of events.

use serde_json::Value;
use testkit::app::App;
use testkit::http::Response;

/// Begins to listen.
pub(crate) async fn listen(app: &App) -> Response {
    let answer = app.api().request("GET", "/api/events").send().await;
    assert_eq!((answer.status, answer.headers.get("content-type").unwrap()), (200, "text/event-stream"));
    answer
}

/// The data of the next event of this name that `fits`.
pub(crate) async fn until(events: &mut Response, name: &str, fits: impl Fn(&Value) -> bool) -> Value {
    let head = format!("event: {name}\ndata: ");
    loop {
        let event = events.event().await.unwrap().expect("an event");
        let data = event.strip_prefix(&head).map(|data| serde_json::from_str(data).unwrap());
        if let Some(data) = data.filter(|data| fits(data)) {
            return data;
        }
    }
}
