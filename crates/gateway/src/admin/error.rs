//! What goes wrong, as the client sees it. The API's error bodies are built here and nowhere else.

use axum::Json;
use axum::response::{IntoResponse, Response};
use domain::allowed::Allowed;
use domain::group::GroupError;
use domain::language::Language;
use domain::rewrite::headers::HeaderRuleError;
use domain::settings::SettingError;
use http::header::RETRY_AFTER;
use http::{HeaderValue, StatusCode};
use serde::Serialize;
use storage::StorageError;
use storage::backup::{BackupError, BackupFault};

use super::messages::Message;

/// When to look again whether the database is back.
const AWAY_SECONDS: &str = "5";

/// An error with the code clients know it by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiError {
    code: Code,
    message: Message,
}

macro_rules! codes {
    ($($name:ident $status:ident $word:literal;)*) => {
        /// Errors by kind. The words and statuses are those of GPT-Load 1.4.x, but `UPSTREAM_ERROR` and 503 for a
        /// database that is away.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        enum Code {
            $($name,)*
        }

        impl Code {
            const ALL: &[Self] = &[$(Self::$name,)*];

            fn parts(self) -> (StatusCode, &'static str) {
                match self {
                    $(Self::$name => (StatusCode::$status, $word),)*
                }
            }
        }
    };
}

codes! {
    BadRequest BAD_REQUEST "BAD_REQUEST";
    InvalidJson BAD_REQUEST "INVALID_JSON";
    ValidationFailed BAD_REQUEST "VALIDATION_FAILED";
    Unauthorized UNAUTHORIZED "UNAUTHORIZED";
    NotFound NOT_FOUND "NOT_FOUND";
    DuplicateResource CONFLICT "DUPLICATE_RESOURCE";
    TaskInProgress CONFLICT "TASK_IN_PROGRESS";
    DatabaseError INTERNAL_SERVER_ERROR "DATABASE_ERROR";
    InternalServerError INTERNAL_SERVER_ERROR "INTERNAL_SERVER_ERROR";
    UpstreamError BAD_GATEWAY "UPSTREAM_ERROR";
    NoKeysAvailable SERVICE_UNAVAILABLE "NO_KEYS_AVAILABLE";
    DatabaseAway SERVICE_UNAVAILABLE "DATABASE_ERROR";
}

/// Every status of an error with its words.
pub fn codes() -> impl Iterator<Item = (StatusCode, &'static str)> {
    Code::ALL.iter().map(|code| code.parts())
}

impl ApiError {
    /// A request that can't be understood.
    pub fn bad_request(message: &Message) -> Self {
        Self::new(Code::BadRequest, message)
    }

    /// A body that is no JSON object.
    pub fn invalid_json(why: &impl ToString) -> Self {
        Self::new(Code::InvalidJson, &Message::NotJson(why.to_string()))
    }

    /// A request that is understood, with a value that is not allowed.
    pub fn invalid(message: &Message) -> Self {
        Self::new(Code::ValidationFailed, message)
    }

    /// A field with a value that is not allowed.
    pub fn field(name: &str, given: impl Into<String>, allowed: Allowed) -> Self {
        GroupError::new(name, given, allowed).into()
    }

    /// No admin key, or a wrong one.
    pub fn unauthorized(message: &Message) -> Self {
        Self::new(Code::Unauthorized, message)
    }

    /// Something named in the request isn't there.
    pub fn not_found(message: &Message) -> Self {
        Self::new(Code::NotFound, message)
    }

    /// A task is running, and there is one at a time.
    pub fn task_in_progress(message: &Message) -> Self {
        Self::new(Code::TaskInProgress, message)
    }

    /// The provider did not give what it was asked for.
    pub fn upstream(message: &Message) -> Self {
        Self::new(Code::UpstreamError, message)
    }

    /// The group has no key to make a call with.
    pub fn no_keys(message: &Message) -> Self {
        Self::new(Code::NoKeysAvailable, message)
    }

    /// What needs the database, while that is known to be away.
    pub fn database_away() -> Self {
        Self::new(Code::DatabaseAway, &Message::DatabaseAway)
    }

    /// [`StorageError::NotFound`] with the name of what wasn't found.
    pub fn naming(message: Message) -> impl FnOnce(StorageError) -> Self {
        move |error| match error {
            StorageError::NotFound => Self::not_found(&message),
            other => other.into(),
        }
    }

    /// What the client is told. Faults of authentication, and values that are taken, are told in English always, as 1.4.x does.
    pub fn message(&self) -> String {
        match self.code {
            Code::Unauthorized | Code::DuplicateResource => self.message.within(Language::English),
            _ => self.message.to_string(),
        }
    }

    fn new(code: Code, message: &Message) -> Self {
        Self { code, message: message.clone() }
    }
}

impl From<StorageError> for ApiError {
    fn from(error: StorageError) -> Self {
        match error {
            StorageError::NotFound => Self::not_found(&Message::NotFound),
            StorageError::Duplicate { field } => Self::new(Code::DuplicateResource, &Message::Taken(field)),
            other => {
                tracing::error!(error = %other, "the database failed an admin call");
                let code = if other.is_transient() { Code::DatabaseAway } else { Code::DatabaseError };
                Self::new(code, &Message::DatabaseFailed(other.to_string()))
            }
        }
    }
}

impl From<BackupError> for ApiError {
    fn from(error: BackupError) -> Self {
        match error {
            BackupError::Storage(error) => error.into(),
            BackupError::Fault(fault @ BackupFault::Taken(_)) => {
                Self::new(Code::DuplicateResource, &Message::Backup(fault))
            }
            BackupError::Fault(fault) => Self::invalid(&Message::Backup(fault)),
            BackupError::File(error) => {
                tracing::error!(%error, "a backup could not be kept for reading");
                Self::new(Code::InternalServerError, &Message::FileFailed(error.to_string()))
            }
        }
    }
}

impl From<GroupError> for ApiError {
    fn from(fault: GroupError) -> Self {
        Self::invalid(&Message::NotAllowed {
            field: fault.field,
            given: format!("{:?}", fault.given),
            allowed: fault.allowed,
        })
    }
}

impl From<SettingError> for ApiError {
    fn from(fault: SettingError) -> Self {
        Self::invalid(&Message::NotAllowed { field: fault.key, given: fault.given, allowed: fault.allowed })
    }
}

impl From<HeaderRuleError> for ApiError {
    fn from(fault: HeaderRuleError) -> Self {
        Self::invalid(&Message::HeaderRule(fault))
    }
}

#[derive(Serialize)]
struct Envelope {
    code: &'static str,
    message: String,
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let (status, code) = self.code.parts();
        let mut response = (status, Json(Envelope { code, message: self.message() })).into_response();
        if self.code == Code::DatabaseAway {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static(AWAY_SECONDS));
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn storage_errors_keep_their_meaning() {
        let cases = [
            (StorageError::NotFound, 404, "NOT_FOUND"),
            (StorageError::Duplicate { field: "name" }, 409, "DUPLICATE_RESOURCE"),
            (StorageError::Corrupt { column: "c".to_owned(), reason: "r" }, 500, "DATABASE_ERROR"),
        ];
        for (error, status, code) in cases {
            let response = ApiError::from(error).into_response();
            assert_eq!(response.status(), status);
            let body = axum::body::to_bytes(response.into_body(), 10_000).await.unwrap();
            let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
            assert_eq!(body["code"], code);
            assert!(body["message"].is_string() && body.get("data").is_none());
        }
    }

    #[test]
    fn a_field_error_names_field_value_and_what_is_allowed() {
        let error = ApiError::field("weight", "1001", Allowed::WholeNumber(0, 1000));
        for part in ["weight", "1001", "0 to 1000"] {
            assert!(error.message().contains(part), "{}", error.message());
        }
    }
}
