//! The language a request is answered in.

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use domain::language::Language;
use http::header::ACCEPT_LANGUAGE;

tokio::task_local! {
    static SPOKEN: Language;
}

/// Answers in the language that the request prefers.
pub async fn speak(request: Request, next: Next) -> Response {
    let wanted = request.headers().get(ACCEPT_LANGUAGE).and_then(|field| field.to_str().ok());
    SPOKEN.scope(Language::preferred(wanted.unwrap_or_default()), next.run(request)).await
}

/// The language of the request that this task answers; English in a task that answers none.
pub fn spoken() -> Language {
    SPOKEN.try_with(|language| *language).unwrap_or_default()
}
