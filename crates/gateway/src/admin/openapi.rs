//! The description of this API (`OpenAPI` 3.1), made from the code: arguments and answers from the types of the handlers, faults from the
//! error codes. There is no way to add a route to [`Routes`] without describing it.
//!
//! Examples stand in `openapi/examples.json`, by method and path; every operation has one.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{Parts, error};

mod describe;
mod routes;
pub mod schema;

pub use describe::{Input, Operation, Output, Schemas};
pub use routes::{Entry, Routes};

/// What is said before the first path.
const ABOUT: &str = "The admin API of GPT-Load. An answer with data is `{\"code\":0,\"message\":…,\"data\":…}`, a fault has a word as its `code`; \
    messages are in the language that `Accept-Language` prefers (`en-US`, `zh-CN`, `ja-JP`), codes are the contract. Bodies are read as JSON \
    whatever the `Content-Type` says.";

static EXAMPLES: LazyLock<BTreeMap<String, Example>> =
    LazyLock::new(|| serde_json::from_str(include_str!("openapi/examples.json")).unwrap_or_default());

/// A call as it may be, and the answer to it.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Example {
    /// Values of the path's and the query's parameters, by their names.
    parameters: Map<String, Value>,
    request: Option<Value>,
    answer: Option<Value>,
}

/// A description.
#[derive(JsonSchema, Serialize)]
#[serde(transparent)]
pub struct Document(#[schemars(with = "Map<String, Value>")] Value);

/// `GET /api/openapi.json`
pub async fn serve(State(context): Parts) -> Json<Document> {
    Json(Document(document(context.entries.get().map_or(&[], Vec::as_slice))))
}

/// The document that describes `entries`.
fn document(entries: &[Entry]) -> Value {
    let mut schemas = Schemas::default();
    let mut paths = Map::new();
    for entry in entries {
        let mut operation = Operation::new(entry);
        (entry.describe)(&mut operation, &mut schemas);
        if let Some(example) = EXAMPLES.get(&entry.name()) {
            operation.show(example);
        }
        let of_path = paths.entry(entry.path).or_insert_with(|| json!({}));
        of_path[entry.method.as_str().to_ascii_lowercase()] = operation.into_json();
    }
    json!({
        "openapi": "3.1.0",
        "info": {"title": "GPT-Load", "version": env!("CARGO_PKG_VERSION"), "description": ABOUT},
        "paths": paths,
        "components": {
            "schemas": schemas.take(),
            "responses": faults(),
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "description": "AUTH_KEY"},
                "header": {"type": "apiKey", "in": "header", "name": "X-Api-Key", "description": "AUTH_KEY"},
                "metrics": {"type": "http", "scheme": "bearer", "description": "METRICS_TOKEN; AUTH_KEY if there is none"},
                "query": {"type": "apiKey", "in": "query", "name": "key", "description": "AUTH_KEY, for downloads"},
            },
        },
    })
}

/// The faults with a status, as operations refer to them.
fn fault(status: u16) -> Value {
    json!({"$ref": format!("#/components/responses/{status}")})
}

fn faults() -> Map<String, Value> {
    let mut faults: BTreeMap<StatusCode, Vec<&str>> = BTreeMap::new();
    for (status, word) in error::codes() {
        faults.entry(status).or_default().push(word);
    }
    faults.into_iter().map(|(status, words)| (status.as_str().to_owned(), response_of(status, &words))).collect()
}

fn response_of(status: StatusCode, words: &[&str]) -> Value {
    let example = |word: &&str| {
        ((*word).to_owned(), json!({"value": {"code": word, "message": "what is wrong, and what is allowed"}}))
    };
    json!({
        "description": status.canonical_reason().unwrap_or_default(),
        "content": {"application/json": {
            "schema": {
                "type": "object",
                "required": ["code", "message"],
                "properties": {"code": {"type": "string", "enum": words}, "message": {"type": "string"}},
            },
            "examples": words.iter().map(example).collect::<Map<_, _>>(),
        }},
    })
}

#[cfg(test)]
mod tests;
