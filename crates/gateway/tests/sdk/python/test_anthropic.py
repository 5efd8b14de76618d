"""Anthropic's SDK: messages, token counts, models, and the types of its errors."""

import anthropic
import pytest
from conftest import MESSAGES, TEXT, Group

MODEL = "claude-haiku-4-5"


def client(group: Group, proxy_key: str = "") -> anthropic.Anthropic:
    return anthropic.Anthropic(api_key=proxy_key or group.proxy_key, base_url=group.url, max_retries=0, timeout=30)


def message(group: Group, proxy_key: str = ""):
    return client(group, proxy_key).messages.create(model=MODEL, max_tokens=10, messages=MESSAGES)


def test_a_message(make_group):
    answer = message(make_group("anthropic", "ok"))
    assert (answer.content[0].text, answer.stop_reason) == (TEXT, "end_turn")
    assert answer._request_id == "req_mock"


def test_a_streamed_message(make_group):
    with client(make_group("anthropic", "ok")).messages.stream(model=MODEL, max_tokens=10, messages=MESSAGES) as stream:
        assert list(stream.text_stream) == ["Hello", " from", " the", " mock", " provider", "."]
        assert stream.get_final_message().usage.output_tokens == 6


def test_a_bearer_token(make_group):
    """Claude Code sends ANTHROPIC_AUTH_TOKEN so."""
    group = make_group("anthropic", "ok")
    sdk = anthropic.Anthropic(auth_token=group.proxy_key, base_url=group.url, max_retries=0, timeout=30)
    assert sdk.messages.create(model=MODEL, max_tokens=10, messages=MESSAGES).content[0].text == TEXT


def test_a_token_count(make_group):
    counted = client(make_group("anthropic", "ok")).messages.count_tokens(model=MODEL, messages=MESSAGES)
    assert counted.input_tokens == 9


def test_models(make_group):
    models = client(make_group("anthropic", "ok")).models
    assert [model.id for model in models.list()] == ["claude-sonnet-4-5", MODEL]
    assert models.retrieve(MODEL).display_name == "Claude Haiku 4.5"


@pytest.mark.parametrize("kind", ["limited", "dead", "quota", "overloaded", "reset"])
def test_a_failing_key_is_not_noticed(make_group, kind):
    group = make_group("anthropic", kind, "ok")
    for _ in range(4):
        assert message(group).content[0].text == TEXT
    assert group.provider_saw(kind) >= 1


def test_a_wrong_proxy_key_is_an_authentication_error(make_group):
    group = make_group("anthropic", "ok")
    with pytest.raises(anthropic.AuthenticationError) as raised:
        message(group, "pk-wrong")
    assert raised.value.body["error"]["type"] == "authentication_error"
    assert group.provider_saw("ok") == 0


def test_refused_keys_are_a_server_error(make_group):
    """Agents log their user out on a 401, and this one would not be about the user's key."""
    group = make_group("anthropic", "dead", "dead")
    for _ in range(4):
        with pytest.raises((anthropic.InternalServerError, anthropic.ServiceUnavailableError)) as raised:
            message(group)
        assert raised.value.status_code == 503
    assert group.provider_saw("dead") >= 2


def test_a_client_s_mistake_is_answered_in_the_provider_s_words(make_group):
    group = make_group("anthropic", "ok", "ok")
    with pytest.raises(anthropic.BadRequestError, match="model: Field required"):
        client(group).messages.create(model=None, max_tokens=10, messages=MESSAGES)
    assert group.provider_saw("ok") == 1
