"""OpenAI's SDK: chat, responses, embeddings, models, audio, and the types of its errors."""

import asyncio
import io

import openai
import pytest
from conftest import MESSAGES, TEXT, Group

MODEL = "gpt-4o"


def client(group: Group, proxy_key: str = "", path: str = "/v1") -> openai.OpenAI:
    return openai.OpenAI(api_key=proxy_key or group.proxy_key, base_url=group.url + path, max_retries=0, timeout=30)


def chat(group: Group, proxy_key: str = ""):
    return client(group, proxy_key).chat.completions.create(model=MODEL, messages=MESSAGES)


def test_a_chat_completion(make_group):
    completion = chat(make_group("openai", "ok"))
    assert completion.choices[0].message.content == TEXT
    assert completion.usage.total_tokens == 15
    assert completion._request_id == "req_mock"


def test_a_streamed_chat_completion(make_group):
    options = {"include_usage": True}
    sdk = client(make_group("openai", "ok"))
    chunks = list(sdk.chat.completions.create(model=MODEL, messages=MESSAGES, stream=True, stream_options=options))
    assert "".join(choice.delta.content or "" for chunk in chunks for choice in chunk.choices) == TEXT
    assert len(chunks) > 6 and chunks[-1].usage.total_tokens == 15


def test_the_async_client(make_group):
    async def text() -> str:
        group = make_group("openai", "ok")
        async with openai.AsyncOpenAI(api_key=group.proxy_key, base_url=f"{group.url}/v1", max_retries=0) as sdk:
            chunks = await sdk.chat.completions.create(model=MODEL, messages=MESSAGES, stream=True)
            return "".join([choice.delta.content or "" async for chunk in chunks for choice in chunk.choices])

    assert asyncio.run(text()) == TEXT


def test_a_response(make_group):
    response = client(make_group("openai-response", "ok")).responses.create(model=MODEL, input="hi")
    assert (response.status, response.output_text) == ("completed", TEXT)


def test_a_streamed_response(make_group):
    with client(make_group("openai-response", "ok")).responses.stream(model=MODEL, input="hi") as stream:
        kinds = [event.type for event in stream]
        assert stream.get_final_response().output_text == TEXT
    assert (kinds[0], kinds[-1]) == ("response.created", "response.completed")
    assert kinds.count("response.output_text.delta") == 6


def test_embeddings(make_group):
    sdk = client(make_group("openai", "ok"))
    answer = sdk.embeddings.create(model="text-embedding-3-small", input=["a", "b"])
    assert [item.embedding[:2] for item in answer.data] == [[0.125, -0.25]] * 2


def test_models(make_group):
    models = client(make_group("openai", "ok")).models
    assert MODEL in [model.id for model in models.list()]
    assert models.retrieve(MODEL).id == MODEL


def test_an_upload_is_sent_again_with_another_key(make_group):
    group = make_group("openai", "limited", "ok")
    for _ in range(2):
        recording = io.BytesIO(b"RIFF" + bytes(100_000))
        recording.name = "speech.wav"
        answer = client(group).audio.transcriptions.create(model="whisper-1", file=recording)
        assert answer.text == TEXT
    assert group.provider_saw("limited") >= 1


@pytest.mark.parametrize("kind", ["limited", "dead", "quota", "overloaded", "reset"])
def test_a_failing_key_is_not_noticed(make_group, kind):
    group = make_group("openai", kind, "ok")
    for _ in range(4):
        assert chat(group).choices[0].message.content == TEXT
    assert group.provider_saw(kind) >= 1


def test_a_wrong_proxy_key_is_an_authentication_error(make_group):
    group = make_group("openai", "ok")
    with pytest.raises(openai.AuthenticationError):
        chat(group, "pk-wrong")
    assert group.provider_saw("ok") == 0


def test_refused_keys_are_a_server_error(make_group):
    """Agents log their user out on a 401, and this one would not be about the user's key."""
    group = make_group("openai", "dead", "dead")
    for _ in range(4):
        with pytest.raises(openai.InternalServerError) as raised:
            chat(group)
        assert raised.value.status_code == 503
    assert group.provider_saw("dead") >= 2


def test_rate_limited_keys_are_a_rate_limit_error_then_a_server_error(make_group):
    group = make_group("openai", "limited")
    with pytest.raises(openai.RateLimitError) as raised:
        chat(group)
    assert raised.value.response.headers["retry-after"] == "20"
    with pytest.raises(openai.InternalServerError) as raised:
        chat(group)
    assert raised.value.status_code == 503
    assert 1 <= int(raised.value.response.headers["retry-after"]) <= 20


def test_a_client_s_mistake_is_answered_in_the_provider_s_words(make_group):
    group = make_group("openai", "ok", "ok")
    with pytest.raises(openai.BadRequestError, match="The JSON body of this request could not be parsed"):
        client(group).post("/chat/completions", body=["no object"], cast_to=object)
    assert group.provider_saw("ok") == 1


def test_a_stream_that_is_cut_does_not_look_whole(make_group):
    chunks = client(make_group("openai", "cut")).chat.completions.create(model=MODEL, messages=MESSAGES, stream=True)
    got = []
    with pytest.raises(openai.APIConnectionError):
        got.extend(chunk.choices[0].delta.content for chunk in chunks)
    assert got[:2] == ["", "Hello"]


def test_gemini_by_openai_s_sdk(make_group):
    group = make_group("gemini", "ok")
    completion = client(group, path="/v1beta/openai/").chat.completions.create(model="gemini-2.5-flash", messages=MESSAGES)
    assert completion.choices[0].message.content == TEXT
    with pytest.raises(openai.AuthenticationError):
        client(group, "pk-wrong", path="/v1beta/openai/").models.list()
