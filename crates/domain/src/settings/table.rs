//! The declaration of every dynamic setting.

use serde_json::Value;

use super::{Kind, Setting};

const SECONDS: Kind = Kind::Int { min: 1, max: 86_400 };

/// Takes a checked JSON value into a field of its type.
trait Field {
    fn take(&mut self, value: &Value);
    fn give(&self) -> Value;
}

impl Field for i64 {
    fn take(&mut self, value: &Value) {
        *self = value.as_i64().unwrap_or(*self);
    }
    fn give(&self) -> Value {
        (*self).into()
    }
}

impl Field for bool {
    fn take(&mut self, value: &Value) {
        *self = value.as_bool().unwrap_or(*self);
    }
    fn give(&self) -> Value {
        (*self).into()
    }
}

impl Field for String {
    fn take(&mut self, value: &Value) {
        value.as_str().unwrap_or_default().trim().clone_into(self);
    }
    fn give(&self) -> Value {
        self.as_str().into()
    }
}

macro_rules! settings {
    ($($category:literal {
        $($key:ident: $type:ty = $default:literal $(was $old:literal)?, $kind:expr, $scope:ident, $name:literal, $description:literal;)*
    })*) => {
        /// Every setting, in the order the console shows them.
        pub const TABLE: &[Setting] = &[$($(Setting {
            key: stringify!($key),
            kind: $kind,
            default: $default,
            default_of_1_4: settings!(@old $($old)?),
            per_group: settings!(@$scope),
            category: $category,
            name: $name,
            description: $description,
        },)*)*];

        /// The values in force, typed. Times are in the unit their description names.
        #[expect(clippy::doc_markdown, reason = "the descriptions are the API's, which has no markup")]
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct Settings {
            $($(#[doc = $description] pub $key: $type,)*)*
        }

        impl Settings {
            /// The value of `key` as JSON; `Null` if there is no such setting.
            #[must_use]
            pub fn get(&self, key: &str) -> Value {
                match key {
                    $($(stringify!($key) => self.$key.give(),)*)*
                    _ => Value::Null,
                }
            }

            pub(super) fn put(&mut self, key: &str, value: &Value) {
                match key {
                    $($(stringify!($key) => self.$key.take(value),)*)*
                    _ => {}
                }
            }

            fn blank() -> Self {
                Self { $($($key: <$type>::default(),)*)* }
            }
        }
    };
    (@old) => { None };
    (@old $old:literal) => { Some($old) };
    (@group) => { true };
    (@system) => { false };
}

settings! {
    "Basic" {
        app_url: String = "http://localhost:3001", Kind::HttpUrl, system,
            "Address of this service", "Base URL shown for the groups' endpoints. Stored at the first start.";
        proxy_keys: String = "", Kind::RequiredText, system,
            "Global proxy keys", "Keys with which clients may use every group, comma separated. Stored at the first start: the value AUTH_KEY has then.";
    }
    "Request log" {
        request_log_retention_days: i64 = "7", Kind::Int { min: 0, max: 36_500 }, system,
            "Keep request logs", "Days a request log is kept; 0 keeps it for ever.";
        request_log_write_interval_minutes: i64 = "1", Kind::Int { min: 0, max: 1_440 }, system,
            "Write interval", "Minutes between two writes of the log to the database; 0 writes within a second. A crash loses nothing either way.";
        enable_request_body_logging: bool = "false", Kind::Bool, group,
            "Keep request bodies", "Keeps the first 64 KiB of each request's body, and the user agent, in the log.";
    }
    "Requests" {
        request_timeout: i64 = "600", SECONDS, group,
            "Request timeout", "Seconds for a whole request that is not a stream, all its attempts together.";
        connect_timeout: i64 = "15", SECONDS, group,
            "Connect timeout", "Seconds to connect to an upstream, TLS and outbound proxy included.";
        idle_conn_timeout: i64 = "120", SECONDS, group,
            "Idle connection timeout", "Seconds after which an idle upstream connection is closed.";
        response_header_timeout: i64 = "600", SECONDS, group,
            "Response header timeout", "Seconds to wait for the head of an upstream's response.";
        stream_idle_timeout: i64 = "300", SECONDS, group,
            "Stream idle timeout", "Seconds after which a stream that sends nothing, or a WebSocket on which nothing moves, is ended.";
        max_idle_conns: i64 = "100", Kind::Int { min: 1, max: 100_000 }, group,
            "Idle connections", "Idle upstream connections kept in all.";
        max_idle_conns_per_host: i64 = "50", Kind::Int { min: 1, max: 100_000 }, group,
            "Idle connections per host", "Idle upstream connections kept to one host.";
        proxy_url: String = "", Kind::ProxyUrl, group,
            "Outbound proxy", "http, https, socks5 or socks5h URL through which upstreams are reached; empty uses HTTP_PROXY and HTTPS_PROXY.";
    }
    "Keys and retries" {
        max_retries: i64 = "3", Kind::Int { min: 0, max: 100 }, group,
            "Retries", "Further attempts after a failed one, each with another key; 0 for none.";
        blacklist_threshold: i64 = "3", Kind::Int { min: 0, max: 10_000 }, group,
            "Failures before a key is invalid", "Consecutive failures of its own after which a key is taken out; 0 never takes one out.";
        failover_status_codes: String = "401-403,408,425,429,500-599" was "400-403,405-999", Kind::StatusCodes, group,
            "Statuses that are retried", "Error statuses retried with another key, such as 404,429,500-599.";
        blacklist_status_codes: String = "", Kind::StatusCodes, group,
            "Statuses that blame the key", "Further statuses that count as the key's own failure, beside those recognised by themselves.";
        rate_limit_cooldown_seconds: i64 = "60", Kind::Int { min: 1, max: 86_400 }, group,
            "Rest of a rate-limited key", "Seconds a rate-limited key rests when the provider names no time; doubles on repeats up to an hour.";
        retry_budget_percent: i64 = "50", Kind::Int { min: 0, max: 10_000 }, group,
            "Retry budget", "Retries because of a sick upstream are at most this percentage of the requests of the last 10 seconds plus 10 a second; 0 for no limit.";
    }
    "Key validation" {
        key_validation_interval_minutes: i64 = "60", Kind::Int { min: 0, max: 43_200 }, group,
            "Validation interval", "Minutes between two checks of the invalid keys; 0 checks none.";
        key_validation_concurrency: i64 = "10", Kind::Int { min: 1, max: 1_000 }, group,
            "Validations at once", "Keys of a group that are checked at the same time.";
        key_validation_timeout_seconds: i64 = "20", Kind::Int { min: 1, max: 3_600 }, group,
            "Validation timeout", "Seconds a single check may take.";
    }
}

impl Default for Settings {
    fn default() -> Self {
        let mut settings = Self::blank();
        for setting in TABLE {
            settings.put(setting.key, &setting.default_as_written());
        }
        settings
    }
}

impl Setting {
    /// The default as JSON without checking it: a required text may well have an empty default.
    fn default_as_written(&self) -> Value {
        match self.kind {
            Kind::Int { .. } | Kind::Bool => serde_json::from_str(self.default).unwrap_or_default(),
            _ => self.default.into(),
        }
    }
}
