//! The declaration of every dynamic setting.

use serde_json::Value;

use super::Unit::{Days, Minutes, Percent, Pieces, Seconds};
use super::{Kind, Setting};
use crate::language::Text;

const SECONDS: Kind = Kind::Int { min: 1, max: 86_400, unit: Seconds };

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
    ($($category:literal, $category_zh:literal, $category_ja:literal {
        $($key:ident: $type:ty = $default:literal $(was $old:literal)?, $kind:expr, $scope:ident,
            $name:literal, $description:literal,
            $name_zh:literal, $description_zh:literal,
            $name_ja:literal, $description_ja:literal;)*
    })*) => {
        /// Every setting, in the order the console shows them.
        pub const TABLE: &[Setting] = &[$($(Setting {
            key: stringify!($key),
            kind: $kind,
            default: $default,
            default_of_1_4: settings!(@old $($old)?),
            per_group: settings!(@$scope),
            category: Text { english: $category, chinese: $category_zh, japanese: $category_ja },
            name: Text { english: $name, chinese: $name_zh, japanese: $name_ja },
            description: Text { english: $description, chinese: $description_zh, japanese: $description_ja },
        },)*)*];

        /// The values in force, typed. Times are in the unit of their kind.
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
    "Basic", "基础", "基本" {
        app_url: String = "http://localhost:3001", Kind::HttpUrl, system,
            "Address of this service", "Base URL shown for the groups' endpoints. Stored at the first start.",
            "服务地址", "显示各分组接口时使用的基础地址。首次启动时保存。",
            "このサービスのアドレス", "グループのエンドポイントを表示するときの基準 URL。最初の起動時に保存されます。";
        proxy_keys: String = "", Kind::RequiredText, system,
            "Global proxy keys", "Keys with which clients may use every group, comma separated. Stored at the first start: the value AUTH_KEY has then.",
            "全局代理密钥", "客户端可用来访问所有分组的密钥，以逗号分隔。首次启动时保存为当时的 AUTH_KEY。",
            "グローバルプロキシキー", "クライアントがすべてのグループを使えるキー（カンマ区切り）。最初の起動時に、そのときの AUTH_KEY の値が保存されます。";
    }
    "Request log", "请求日志", "リクエストログ" {
        request_log_retention_days: i64 = "7", Kind::Int { min: 0, max: 36_500, unit: Days }, system,
            "Keep request logs", "Days a request log is kept; 0 keeps it for ever.",
            "请求日志保留时间", "请求日志保留的天数；0 表示永久保留。",
            "リクエストログの保存期間", "リクエストログを保存する日数。0 は無期限です。";
        request_log_write_interval_minutes: i64 = "1", Kind::Int { min: 0, max: 1_440, unit: Minutes }, system,
            "Write interval", "Minutes between two writes of the log to the database; 0 writes within a second. A crash loses nothing either way.",
            "写入间隔", "两次将日志写入数据库之间的分钟数；0 表示一秒内写入。无论哪种设置，崩溃都不会丢失日志。",
            "書き込み間隔", "ログをデータベースに書き込む間隔（分）。0 は 1 秒以内に書き込みます。どちらの場合も、異常終了でログが失われることはありません。";
        enable_request_body_logging: bool = "false", Kind::Bool, group,
            "Keep request bodies", "Keeps the first 64 KiB of each request's body, and the user agent, in the log.",
            "保留请求体", "在日志中保留每个请求体的前 64 KiB 以及 User-Agent。",
            "リクエスト本文の保存", "各リクエスト本文の先頭 64 KiB と User-Agent をログに保存します。";
    }
    "Requests", "请求", "リクエスト" {
        request_timeout: i64 = "600", SECONDS, group,
            "Request timeout", "Seconds for a whole request that is not a stream, all its attempts together.",
            "请求超时", "非流式请求的总时限（秒），包括其所有尝试。",
            "リクエストのタイムアウト", "ストリームでないリクエスト全体の制限時間（秒）。すべての試行を含みます。";
        connect_timeout: i64 = "15", SECONDS, group,
            "Connect timeout", "Seconds to connect to an upstream, TLS and outbound proxy included.",
            "连接超时", "连接上游的时限（秒），包括 TLS 和出站代理。",
            "接続のタイムアウト", "アップストリームへの接続の制限時間（秒）。TLS と送信プロキシを含みます。";
        idle_conn_timeout: i64 = "120", SECONDS, group,
            "Idle connection timeout", "Seconds after which an idle upstream connection is closed.",
            "空闲连接超时", "空闲的上游连接在多少秒后关闭。",
            "アイドル接続のタイムアウト", "アイドル状態のアップストリーム接続を閉じるまでの秒数。";
        response_header_timeout: i64 = "600", SECONDS, group,
            "Response header timeout", "Seconds to wait for the head of an upstream's response.",
            "响应头超时", "等待上游响应头的时限（秒）。",
            "レスポンスヘッダーのタイムアウト", "アップストリームのレスポンスヘッダーを待つ秒数。";
        stream_idle_timeout: i64 = "300", SECONDS, group,
            "Stream idle timeout", "Seconds after which a stream that sends nothing, or a WebSocket on which nothing moves, is ended.",
            "流空闲超时", "流多少秒没有数据，或 WebSocket 多少秒没有收发，就将其结束。",
            "ストリームのアイドルタイムアウト", "何も送られてこないストリーム、または何も流れない WebSocket を終了するまでの秒数。";
        max_idle_conns: i64 = "100", Kind::Int { min: 1, max: 100_000, unit: Pieces }, group,
            "Idle connections", "Idle upstream connections kept in all.",
            "空闲连接数", "总共保留的空闲上游连接数。",
            "アイドル接続数", "保持するアイドル状態のアップストリーム接続の総数。";
        max_idle_conns_per_host: i64 = "50", Kind::Int { min: 1, max: 100_000, unit: Pieces }, group,
            "Idle connections per host", "Idle upstream connections kept to one host.",
            "每个主机的空闲连接数", "对同一主机保留的空闲上游连接数。",
            "ホストごとのアイドル接続数", "1 つのホストに対して保持するアイドル状態のアップストリーム接続の数。";
        proxy_url: String = "", Kind::ProxyUrl, group,
            "Outbound proxy", "http, https, socks5 or socks5h URL through which upstreams are reached; empty uses HTTP_PROXY and HTTPS_PROXY.",
            "出站代理", "访问上游所用代理的 http、https、socks5 或 socks5h 地址；留空则使用 HTTP_PROXY 和 HTTPS_PROXY。",
            "送信プロキシ", "アップストリームに接続するときに使う http、https、socks5、socks5h の URL。空の場合は HTTP_PROXY と HTTPS_PROXY を使います。";
    }
    "Keys and retries", "密钥与重试", "キーと再試行" {
        max_retries: i64 = "3", Kind::Int { min: 0, max: 100, unit: Pieces }, group,
            "Retries", "Further attempts after a failed one, each with another key; 0 for none.",
            "重试次数", "失败后再次尝试的次数，每次使用另一个密钥；0 表示不重试。",
            "再試行回数", "失敗後にさらに試す回数。毎回別のキーを使います。0 は再試行しません。";
        blacklist_threshold: i64 = "3", Kind::Int { min: 0, max: 10_000, unit: Pieces }, group,
            "Failures before a key is invalid", "Consecutive failures of its own after which a key is taken out; 0 never takes one out.",
            "密钥失效前的失败次数", "密钥因自身原因连续失败多少次后停用；0 表示从不停用。",
            "キーが無効になるまでの失敗回数", "キー自身の原因による失敗が何回続いたら使用をやめるか。0 はやめません。";
        failover_status_codes: String = "401-403,408,425,429,500-599" was "400-403,405-999", Kind::StatusCodes, group,
            "Statuses that are retried", "Error statuses retried with another key, such as 404,429,500-599.",
            "重试的状态码", "换一个密钥重试的错误状态码，例如 404,429,500-599。",
            "再試行するステータス", "別のキーで再試行するエラーステータス。例：404,429,500-599。";
        blacklist_status_codes: String = "", Kind::StatusCodes, group,
            "Statuses that blame the key", "Further statuses that count as the key's own failure, beside those recognised by themselves.",
            "归咎于密钥的状态码", "除自动识别的之外，还有哪些状态码算作密钥自身的失败。",
            "キーの失敗とみなすステータス", "自動的に認識されるもののほかに、キー自身の失敗として数えるステータス。";
        rate_limit_cooldown_seconds: i64 = "60", SECONDS, group,
            "Rest of a rate-limited key", "Seconds a rate-limited key rests when the provider names no time; doubles on repeats up to an hour.",
            "限流密钥的冷却时间", "供应商未说明时间时，被限流的密钥冷却的秒数；再次被限流时加倍，最长一小时。",
            "レート制限されたキーの休止時間", "プロバイダーが時間を示さないとき、レート制限されたキーが休止する秒数。繰り返すと 2 倍になり、最長 1 時間です。";
        retry_budget_percent: i64 = "50", Kind::Int { min: 0, max: 10_000, unit: Percent }, group,
            "Retry budget", "Retries because of a sick upstream are at most this percentage of the requests of the last 10 seconds plus 10 a second; 0 for no limit.",
            "重试预算", "因上游故障而重试的次数，最多为最近 10 秒请求数的这个百分比再加每秒 10 次；0 表示不限制。",
            "再試行の予算", "アップストリームの不調による再試行は、直近 10 秒間のリクエスト数のこの割合（％）に毎秒 10 回を加えた数までです。0 は無制限です。";
    }
    "Key validation", "密钥验证", "キーの検証" {
        key_validation_interval_minutes: i64 = "60", Kind::Int { min: 0, max: 43_200, unit: Minutes }, group,
            "Validation interval", "Minutes between two checks of the invalid keys; 0 checks none.",
            "验证间隔", "两次检查失效密钥之间的分钟数；0 表示不检查。",
            "検証の間隔", "無効なキーを確認する間隔（分）。0 は確認しません。";
        key_validation_concurrency: i64 = "10", Kind::Int { min: 1, max: 1_000, unit: Pieces }, group,
            "Validations at once", "Keys of a group that are checked at the same time.",
            "同时验证数", "一个分组中同时检查的密钥数。",
            "同時に検証する数", "1 つのグループで同時に確認するキーの数。";
        key_validation_timeout_seconds: i64 = "20", Kind::Int { min: 1, max: 3_600, unit: Seconds }, group,
            "Validation timeout", "Seconds a single check may take.",
            "验证超时", "单次检查的时限（秒）。",
            "検証のタイムアウト", "1 回の確認の制限時間（秒）。";
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
