"""Google's SDK: generation, token counts, models, and the types of its errors."""

import pytest
from conftest import TEXT, Group
from google import genai
from google.genai import errors, types

MODEL = "gemini-2.5-flash"


def client(group: Group, proxy_key: str = "") -> genai.Client:
    once = types.HttpRetryOptions(attempts=1)
    options = types.HttpOptions(base_url=group.url, retry_options=once, timeout=30_000)
    return genai.Client(api_key=proxy_key or group.proxy_key, http_options=options)


def generate(group: Group, proxy_key: str = ""):
    sdk = client(group, proxy_key)
    return sdk.models.generate_content(model=MODEL, contents="hi")


def test_a_generation(make_group):
    answer = generate(make_group("gemini", "ok"))
    assert answer.text == TEXT
    assert answer.usage_metadata.total_token_count == 15


def test_a_streamed_generation(make_group):
    sdk = client(make_group("gemini", "ok"))
    pieces = [chunk.text for chunk in sdk.models.generate_content_stream(model=MODEL, contents="hi")]
    assert pieces == ["Hello", " from", " the", " mock", " provider", "."]


def test_a_token_count(make_group):
    sdk = client(make_group("gemini", "ok"))
    assert sdk.models.count_tokens(model=MODEL, contents="hi").total_tokens == 9


def test_models(make_group):
    sdk = client(make_group("gemini", "ok"))
    assert [model.name for model in sdk.models.list()] == ["models/gemini-2.5-flash", "models/gemini-2.5-pro"]
    assert sdk.models.get(model=MODEL).input_token_limit == 1_048_576


@pytest.mark.parametrize("kind", ["limited", "dead", "quota", "suspended", "overloaded", "reset"])
def test_a_failing_key_is_not_noticed(make_group, kind):
    group = make_group("gemini", kind, "ok")
    for _ in range(4):
        assert generate(group).text == TEXT
    assert group.provider_saw(kind) >= 1


def test_a_wrong_proxy_key_is_an_authentication_error(make_group):
    group = make_group("gemini", "ok")
    with pytest.raises(errors.ClientError) as raised:
        generate(group, "pk-wrong")
    assert (raised.value.code, raised.value.status) == (401, "UNAUTHENTICATED")
    assert group.provider_saw("ok") == 0


def test_refused_keys_are_a_server_error(make_group):
    """Agents log their user out when a key is refused, and this one would not be the user's."""
    group = make_group("gemini", "dead", "dead")
    for _ in range(4):
        with pytest.raises(errors.ServerError) as raised:
            generate(group)
        assert raised.value.code == 503
    assert group.provider_saw("dead") >= 2


def test_a_client_s_mistake_is_answered_in_the_provider_s_words(make_group):
    sdk = client(make_group("gemini", "ok", "ok"))
    with pytest.raises(errors.ClientError, match="models/no-such-model is not found") as raised:
        sdk.models.get(model="no-such-model")
    assert (raised.value.code, raised.value.status) == (404, "NOT_FOUND")
