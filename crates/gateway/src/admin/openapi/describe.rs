//! How a handler's arguments and its answer are described, by their types.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::response::Sse;
use http::StatusCode;
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Map, Value, json};

use super::routes::Entry;
use super::{Example, fault};
use crate::admin::attachment::{Attachment, JsonLines, Media};
use crate::admin::backup::{BackupBody, GivenPassphrase, PASSPHRASE};
use crate::admin::error::ApiError;
use crate::admin::extract::{Body, ClientIp, InPath, Params, ProxyKey};
use crate::admin::keys::KeysText;
use crate::admin::keys::upload::Upload;
use crate::admin::metrics::{Exposition, Scraper};
use crate::admin::reply::{Data, Done};
use crate::events::Event;

/// Makes the types' schemas.
pub struct Schemas {
    /// Of what clients send. They stand where they are used: a type that is sent and received has two.
    read: SchemaGenerator,
    /// Of what clients get. They stand together under their names.
    written: SchemaGenerator,
}

impl Default for Schemas {
    fn default() -> Self {
        let read = SchemaSettings::draft2020_12().for_deserialize().with(|settings| settings.inline_subschemas = true);
        let written = SchemaSettings::draft2020_12()
            .for_serialize()
            .with(|settings| settings.definitions_path = "/components/schemas".into());
        Self { read: read.into_generator(), written: written.into_generator() }
    }
}

impl Schemas {
    fn read<T: JsonSchema>(&mut self) -> Value {
        self.read.subschema_for::<T>().into()
    }

    fn written<T: JsonSchema>(&mut self) -> Value {
        self.written.subschema_for::<T>().into()
    }

    /// The named ones.
    pub(super) fn take(&mut self) -> Map<String, Value> {
        self.written.take_definitions(true)
    }
}

/// A method of a path, as the document has it.
pub struct Operation {
    path: &'static str,
    head: Map<String, Value>,
    security: Value,
    changes: bool,
    also: &'static [u16],
    parameters: Vec<Value>,
    request: Option<Value>,
    answers: BTreeMap<u16, Value>,
}

impl Operation {
    pub(super) fn new(entry: &Entry) -> Self {
        let head = json!({"tags": [entry.tag], "summary": entry.summary, "operationId": operation_id(entry)});
        let mut operation = Self {
            path: entry.path,
            head: head.as_object().cloned().unwrap_or_default(),
            security: if entry.is_closed { json!([{"bearer": []}, {"header": []}, {"query": []}]) } else { json!([]) },
            changes: entry.method != http::Method::GET,
            also: entry.also,
            parameters: Vec::new(),
            request: None,
            answers: BTreeMap::new(),
        };
        let unauthorized = entry.is_closed.then_some(StatusCode::UNAUTHORIZED.as_u16());
        let away = entry.needs_database.then_some(StatusCode::SERVICE_UNAVAILABLE.as_u16());
        for status in entry.faults.iter().copied().chain(unauthorized).chain(away) {
            operation.answers.insert(status, fault(status));
        }
        operation
    }

    /// It answers with content of this type.
    pub fn answers(&mut self, media: &str, schema: &Value) {
        for status in self.also.iter().chain(&[200]) {
            let description = StatusCode::from_u16(*status).ok().and_then(|status| status.canonical_reason());
            let answer = json!({"description": description, "content": {media: {"schema": schema}}});
            self.answers.insert(*status, answer);
        }
    }

    /// It may fail with this status, and a body that tells why.
    pub fn fails(&mut self, status: StatusCode) {
        self.answers.insert(status.as_u16(), fault(status.as_u16()));
    }

    /// It reads a parameter of this kind: `query`, `path` or `header`.
    pub fn takes(&mut self, kind: &str, name: &str, is_required: bool, mut schema: Value) {
        let description = schema.as_object_mut().and_then(|schema| schema.remove("description"));
        let mut parameter = json!({"name": name, "in": kind, "required": is_required, "schema": schema});
        if let Some(description) = description {
            parameter["description"] = description;
        }
        self.parameters.push(parameter);
    }

    pub(super) fn show(&mut self, example: &Example) {
        for parameter in &mut self.parameters {
            if let Some(value) = parameter["name"].as_str().and_then(|name| example.parameters.get(name)) {
                parameter["example"] = value.clone();
            }
        }
        let put = |body: Option<&mut Value>, value: &Option<Value>| {
            let media = body.and_then(|body| body.get_mut("content")?.as_object_mut()?.values_mut().next());
            if let (Some(media), Some(value)) = (media, value) {
                media["example"] = value.clone();
            }
        };
        put(self.request.as_mut(), &example.request);
        put(self.answers.get_mut(&200), &example.answer);
    }

    pub(super) fn into_json(self) -> Value {
        let mut operation = self.head;
        if !self.parameters.is_empty() {
            operation.insert("parameters".to_owned(), self.parameters.into());
        }
        if let Some(request) = self.request {
            operation.insert("requestBody".to_owned(), request);
        }
        let answers = self.answers.into_iter().map(|(status, answer)| (status.to_string(), answer));
        operation.insert("responses".to_owned(), answers.collect::<Map<_, _>>().into());
        operation.insert("security".to_owned(), self.security);
        Value::Object(operation)
    }
}

/// `putGroupsIdStats` of `PUT /api/groups/{id}/stats`.
fn operation_id(entry: &Entry) -> String {
    let path = entry.path.trim_start_matches("/api/");
    let words = path.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let capital = |word: &str| word[..1].to_ascii_uppercase() + &word[1..];
    entry.method.as_str().to_ascii_lowercase() + &words.map(capital).collect::<String>()
}

/// A handler whose arguments and answer can be described.
pub trait Described<Arguments> {
    /// Describes them.
    fn describe(operation: &mut Operation, schemas: &mut Schemas);
}

macro_rules! described {
    ($($argument:ident)*) => {
        impl<H, F, $($argument: Input),*> Described<($($argument,)*)> for H
        where
            H: Fn($($argument),*) -> F,
            F: Future<Output: Output>,
        {
            fn describe(operation: &mut Operation, schemas: &mut Schemas) {
                $($argument::describe(operation, schemas);)*
                F::Output::describe(operation, schemas);
            }
        }
    };
}

described!();
described!(A);
described!(A B);
described!(A B C);
described!(A B C D);

/// An argument of a handler: what it reads of the request.
pub trait Input {
    /// Describes it; nothing if clients have no say in it.
    fn describe(_: &mut Operation, _: &mut Schemas) {}
}

impl<S> Input for State<S> {}
impl Input for ClientIp {}

impl<T: JsonSchema> Input for Body<T> {
    fn describe(operation: &mut Operation, schemas: &mut Schemas) {
        let schema = schemas.read::<T>();
        operation.request = Some(json!({"required": true, "content": {"application/json": {"schema": schema}}}));
        operation.fails(StatusCode::BAD_REQUEST);
    }
}

impl Input for Upload {
    fn describe(operation: &mut Operation, schemas: &mut Schemas) {
        Body::<KeysText>::describe(operation, schemas);
        let form = json!({
            "type": "object",
            "required": ["group_id", "file"],
            "properties": {
                "group_id": {"type": "integer", "format": "int64"},
                "file": {"type": "string", "format": "binary", "description": "A text with keys."},
            },
        });
        if let Some(request) = &mut operation.request {
            request["content"]["multipart/form-data"] = json!({"schema": form});
        }
    }
}

impl Input for GivenPassphrase {
    fn describe(operation: &mut Operation, _: &mut Schemas) {
        let schema = json!({"type": "string", "description": "What keys in the file are encrypted with; UTF-8."});
        operation.takes("header", PASSPHRASE, false, schema);
    }
}

impl Input for BackupBody {
    fn describe(operation: &mut Operation, _: &mut Schemas) {
        let schema = json!({"type": "string", "description": "What GET /api/backup answered."});
        operation.request = Some(json!({"required": true, "content": {JsonLines::TYPE: {"schema": schema}}}));
        operation.fails(StatusCode::BAD_REQUEST);
    }
}

impl<T: JsonSchema> Input for Params<T> {
    fn describe(operation: &mut Operation, schemas: &mut Schemas) {
        let schema = schemas.read::<T>();
        let required =
            |name: &str| schema["required"].as_array().is_some_and(|names| names.iter().any(|it| it == name));
        for (name, schema) in schema["properties"].as_object().into_iter().flatten() {
            operation.takes("query", name, required(name), without_null(schema.clone()));
        }
        operation.fails(StatusCode::BAD_REQUEST);
    }
}

impl<T: JsonSchema> Input for InPath<T> {
    fn describe(operation: &mut Operation, schemas: &mut Schemas) {
        let schema = schemas.read::<T>();
        let of_each = schema["prefixItems"].as_array().cloned().unwrap_or_else(|| vec![schema.clone()]);
        let names = operation.path.split(['{', '}']).skip(1).step_by(2);
        for (name, schema) in names.zip(of_each) {
            operation.takes("path", name, true, schema);
        }
        operation.fails(StatusCode::BAD_REQUEST);
    }
}

impl Input for Scraper {
    fn describe(operation: &mut Operation, _: &mut Schemas) {
        operation.security = json!([{"metrics": []}]);
        operation.fails(StatusCode::UNAUTHORIZED);
    }
}

impl Input for ProxyKey {
    fn describe(operation: &mut Operation, _: &mut Schemas) {
        let schema = json!({"type": "string", "description": "A proxy key. Headers that carry keys are read too."});
        operation.takes("query", "key", true, schema);
        operation.fails(StatusCode::BAD_REQUEST);
    }
}

/// What is absent from a query is not null.
fn without_null(mut schema: Value) -> Value {
    if let Some(types) = schema.get_mut("type").and_then(Value::as_array_mut) {
        types.retain(|name| name != "null");
        if let [only] = types.as_slice() {
            schema["type"] = only.clone();
        }
    }
    schema
}

/// What a handler answers with.
pub trait Output {
    /// Describes it.
    fn describe(operation: &mut Operation, schemas: &mut Schemas);
}

impl<T: JsonSchema> Output for Data<T> {
    fn describe(operation: &mut Operation, schemas: &mut Schemas) {
        operation.answers("application/json", &envelope(Some(schemas.written::<T>())));
    }
}

impl Output for Done {
    fn describe(operation: &mut Operation, _: &mut Schemas) {
        operation.answers("application/json", &envelope(None));
    }
}

impl<T: JsonSchema> Output for Json<T> {
    fn describe(operation: &mut Operation, schemas: &mut Schemas) {
        operation.answers("application/json", &schemas.written::<T>());
    }
}

impl<T: JsonSchema> Output for (StatusCode, Json<T>) {
    fn describe(operation: &mut Operation, schemas: &mut Schemas) {
        Json::<T>::describe(operation, schemas);
    }
}

impl Output for Exposition {
    fn describe(operation: &mut Operation, _: &mut Schemas) {
        operation.answers(Self::TYPE, &json!({"type": "string"}));
    }
}

impl<M: Media> Output for Attachment<M> {
    fn describe(operation: &mut Operation, _: &mut Schemas) {
        operation.answers(M::TYPE, &json!({"type": "string"}));
    }
}

/// The stream of [`Event`]s: the event's name, and its data as JSON.
impl<S> Output for Sse<S> {
    fn describe(operation: &mut Operation, schemas: &mut Schemas) {
        let event = schemas.written::<Event>();
        operation.answers("text/event-stream", &json!({"type": "string"}));
        operation.answers.entry(200).and_modify(|answer| answer["content"]["text/event-stream"]["x-event"] = event);
    }
}

impl<O: Output> Output for Result<O, ApiError> {
    fn describe(operation: &mut Operation, schemas: &mut Schemas) {
        O::describe(operation, schemas);
        operation.fails(StatusCode::INTERNAL_SERVER_ERROR);
        if operation.request.is_some() || !operation.parameters.is_empty() {
            operation.fails(StatusCode::NOT_FOUND);
        }
        if operation.changes {
            operation.fails(StatusCode::CONFLICT);
        }
    }
}

fn envelope(data: Option<Value>) -> Value {
    let mut envelope = json!({
        "type": "object",
        "required": ["code", "message"],
        "properties": {"code": {"type": "integer", "const": 0}, "message": {"type": "string"}},
    });
    if let Some(data) = data {
        envelope["required"] = json!(["code", "message", "data"]);
        envelope["properties"]["data"] = data;
    }
    envelope
}
