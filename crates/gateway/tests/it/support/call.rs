//! The calls that clients of each provider make.

use serde_json::{Value, json};
use testkit::app::{App, GroupBuilder, GroupHandle};
use testkit::http::{Reply, Request};
use testkit::provider::MockProvider;

/// A call of one provider's interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Call {
    Chat,
    Responses,
    Messages,
    /// Gemini's own format.
    Generate,
    /// The same as Google's newer SDK calls it.
    GenerateV1,
    /// Gemini's endpoint in OpenAI's format.
    GeminiChat,
}

impl Call {
    /// A group that serves it by this provider.
    pub(crate) fn group<'a>(self, app: &'a App, name: &str, provider: &MockProvider) -> GroupBuilder<'a> {
        app.group(name).channel(self.channel()).upstream(&provider.url())
    }

    /// As a client of the group makes it.
    pub(crate) fn through(self, group: &GroupHandle) -> Request {
        group.request("POST", self.path()).json(&self.body())
    }

    /// As the gateway makes it with `key`.
    pub(crate) async fn directly(self, provider: &MockProvider, key: &str) -> Reply {
        let request = Request::post(&format!("{}{}", provider.url(), self.path())).json(&self.body());
        let request = match self {
            Self::Messages => request.header("x-api-key", key),
            Self::Generate | Self::GenerateV1 => request.header("x-goog-api-key", key),
            Self::Chat | Self::Responses | Self::GeminiChat => request.bearer(key),
        };
        request.fetch().await
    }

    /// The model it asks for.
    pub(crate) fn model(self) -> &'static str {
        match self {
            Self::Chat | Self::Responses => "gpt-4o",
            Self::Messages => "claude-sonnet-4-5",
            Self::Generate | Self::GenerateV1 | Self::GeminiChat => "gemini-2.5-flash",
        }
    }

    /// Panics unless `body` is an error of the gateway's own in the provider's form.
    pub(crate) fn assert_own_error(self, body: &Value, status: u16, code: &str) {
        let message = &body["message"];
        assert_eq!((&body["code"], &body["error"]["message"]), (&json!(code), message), "{self:?}: {body}");
        match self {
            Self::Chat | Self::Responses => {
                assert_eq!(body["error"]["type"], "server_error", "{self:?}: {body}");
                assert_eq!(body["error"]["code"], code.to_lowercase(), "{self:?}: {body}");
            }
            Self::Messages => {
                let kind = if status == 503 { "overloaded_error" } else { "api_error" };
                assert_eq!((&body["type"], &body["error"]["type"]), (&json!("error"), &json!(kind)), "{body}");
            }
            Self::Generate | Self::GenerateV1 | Self::GeminiChat => {
                assert_eq!(body["error"]["code"], status, "{self:?}: {body}");
                assert_eq!(body["error"]["status"], "UNAVAILABLE", "{self:?}: {body}");
            }
        }
    }

    /// The type of the groups that serve it.
    pub(crate) fn channel(self) -> &'static str {
        match self {
            Self::Chat => "openai",
            Self::Responses => "openai-response",
            Self::Messages => "anthropic",
            Self::Generate | Self::GenerateV1 | Self::GeminiChat => "gemini",
        }
    }

    fn path(self) -> &'static str {
        match self {
            Self::Chat => "/v1/chat/completions",
            Self::Responses => "/v1/responses",
            Self::Messages => "/v1/messages",
            Self::Generate => "/v1beta/models/gemini-2.5-flash:generateContent",
            Self::GenerateV1 => "/v1/models/gemini-2.5-flash:generateContent",
            Self::GeminiChat => "/v1beta/openai/chat/completions",
        }
    }

    fn body(self) -> Value {
        let messages = json!([{"role": "user", "content": "hi"}]);
        match self {
            Self::Chat | Self::GeminiChat => json!({"model": self.model(), "messages": messages}),
            Self::Responses => json!({"model": self.model(), "input": "hi"}),
            Self::Messages => json!({"model": self.model(), "max_tokens": 10, "messages": messages}),
            Self::Generate | Self::GenerateV1 => json!({"contents": [{"role": "user", "parts": [{"text": "hi"}]}]}),
        }
    }
}
