"""WebSockets: the `websockets` client, and OpenAI's SDK on top of it."""

import asyncio
import json

import pytest
from conftest import Group
from openai import OpenAI
from websockets.asyncio.client import connect as connect_async
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

MODEL = "gpt-realtime"


def url(group: Group) -> str:
    return f"{group.url.replace('http://', 'ws://')}/v1/realtime?model={MODEL}"


def bearer(group: Group) -> dict:
    return {"Authorization": f"Bearer {group.proxy_key}"}


def test_messages_go_both_ways_and_the_end_is_clean(make_group):
    group = make_group("openai", "ok")
    with connect(url(group), additional_headers=bearer(group), proxy=None) as socket:
        created = json.loads(socket.recv(timeout=10))
        assert (created["type"], created["session"]["model"]) == ("session.created", MODEL)
        for message in ["hello", "", "ü" * 70_000, b"\x00\xff" * 40_000, "x" * 900_000]:
            socket.send(message)
            assert socket.recv(timeout=10) == message
        socket.send(["in ", "three ", "pieces"])
        assert socket.recv(timeout=10) == "in three pieces"
        assert socket.ping().wait(10)
        socket.close(4000, "enough")
    assert (socket.close_code, socket.close_reason) == (4000, "enough")
    assert group.provider_saw("ok") == 1


def test_the_key_may_be_a_subprotocol(make_group):
    group = make_group("openai", "ok")
    offered = ["realtime", f"openai-insecure-api-key.{group.proxy_key}"]
    with connect(url(group), subprotocols=offered, proxy=None) as socket:
        assert socket.subprotocol == "realtime"
        assert json.loads(socket.recv(timeout=10))["type"] == "session.created"


def test_a_failing_key_is_not_noticed(make_group):
    group = make_group("openai", "limited", "dead", "overloaded", "ok")
    for _ in range(3):
        with connect(url(group), additional_headers=bearer(group), proxy=None) as socket:
            socket.recv(timeout=10)
            socket.send("hello")
            assert socket.recv(timeout=10) == "hello"
    assert group.provider_saw("limited") == 1 and group.provider_saw("ok") == 3


def test_a_refusal_is_an_answer(make_group):
    group = make_group("openai", "dead")
    for proxy_key, status in [("pk-wrong", 401), (group.proxy_key, 503)]:
        with pytest.raises(InvalidStatus) as refused:
            connect(url(group), additional_headers={"Authorization": f"Bearer {proxy_key}"}, proxy=None)
        assert refused.value.response.status_code == status
        assert "error" in json.loads(refused.value.response.body)


def test_many_at_once(make_group):
    group = make_group("openai", "ok", "ok")

    async def one(number: int) -> None:
        async with connect_async(url(group), additional_headers=bearer(group), proxy=None) as socket:
            await socket.recv()
            for step in range(20):
                await socket.send(f"{number} {step}")
                assert await socket.recv() == f"{number} {step}"

    async def all_of_them() -> None:
        await asyncio.wait_for(asyncio.gather(*map(one, range(50))), 60)

    asyncio.run(all_of_them())
    assert group.provider_saw("ok") == 50


def test_openai_s_own_client(make_group):
    group = make_group("openai", "limited", "ok")
    sdk = OpenAI(api_key=group.proxy_key, base_url=f"{group.url}/v1", max_retries=0, timeout=30)
    with sdk.realtime.connect(model=MODEL) as connection:
        created = connection.recv()
        assert (created.type, created.session.model) == ("session.created", MODEL)
        connection.send({"type": "response.created", "response": {"id": "resp_1"}})
        event = connection.recv()
        assert (event.type, event.response.id) == ("response.created", "resp_1")
