"""Groups of the running gateway, one for each test, with keys whose own text tells the mock provider how to behave."""

import json
import os
import urllib.request
import uuid
from dataclasses import dataclass

import pytest

TEXT = "Hello from the mock provider."
MESSAGES = [{"role": "user", "content": "hi"}]

GATEWAY = os.environ["GPT_LOAD_URL"]
MOCK = os.environ["MOCK_URL"]


@dataclass(frozen=True)
class Group:
    url: str
    proxy_key: str
    keys: list[str]

    def provider_saw(self, kind: str) -> int:
        """How many requests the provider got with the keys of this kind."""
        by_key = call(f"{MOCK}/__mock/stats")["by_key"]
        return sum(sum(by_key.get(key, {}).values()) for key in self.keys if f"-{kind}-" in key)


@pytest.fixture
def make_group():
    """Makes a group of this channel with one key of each kind: `ok`, `dead`, `limited`, …"""

    def make(channel: str, *kinds: str) -> Group:
        name = f"py-{uuid.uuid4().hex[:12]}"
        proxy_key = f"pk-{name}"
        upstreams = [{"url": MOCK, "weight": 1}]
        group = {"name": name, "channel_type": channel, "upstreams": upstreams, "test_model": "any", "proxy_keys": proxy_key}
        keys = [f"sk-{kind}-{name}-{number}" for number, kind in enumerate(kinds)]
        group_id = call(f"{GATEWAY}/api/groups", group)["data"]["id"]
        call(f"{GATEWAY}/api/keys/add-multiple", {"group_id": group_id, "keys_text": "\n".join(keys)})
        return Group(f"{GATEWAY}/proxy/{name}", proxy_key, keys)

    return make


def call(url: str, body: object = None) -> dict:
    headers = {"authorization": f"Bearer {os.environ['AUTH_KEY']}", "content-type": "application/json"}
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(url, data, headers), timeout=30) as answer:
        return json.load(answer)
