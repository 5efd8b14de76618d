// Anthropic's SDK: messages, models, and the types of its errors.

import assert from "node:assert/strict";
import { test } from "node:test";

import Anthropic from "@anthropic-ai/sdk";

import { makeGroup, MESSAGES, providerSaw, TEXT } from "./groups.mjs";

const call = { model: "claude-haiku-4-5", max_tokens: 10, messages: MESSAGES };

function client(group, apiKey = group.proxyKey) {
  return new Anthropic({ apiKey, baseURL: group.url, maxRetries: 0, timeout: 30_000 });
}

test("a message", async () => {
  const answer = await client(await makeGroup("anthropic", "ok")).messages.create(call);
  assert.equal(answer.content[0].text, TEXT);
  assert.equal(answer._request_id, "req_mock");
});

test("a streamed message", async () => {
  const stream = client(await makeGroup("anthropic", "ok")).messages.stream(call);
  assert.equal(await stream.finalText(), TEXT);
});

test("models", async () => {
  const { data } = await client(await makeGroup("anthropic", "ok")).models.list();
  assert.deepEqual(data.map(({ id }) => id), ["claude-sonnet-4-5", "claude-haiku-4-5"]);
});

for (const kind of ["limited", "dead", "quota", "overloaded", "reset"]) {
  test(`a failing key is not noticed: ${kind}`, async () => {
    const group = await makeGroup("anthropic", kind, "ok");
    for (let n = 0; n < 4; n += 1) assert.equal((await client(group).messages.create(call)).content[0].text, TEXT);
    assert.ok((await providerSaw(group, kind)) >= 1);
  });
}

test("a wrong proxy key is an authentication error", async () => {
  const group = await makeGroup("anthropic", "ok");
  await assert.rejects(client(group, "pk-wrong").messages.create(call), Anthropic.AuthenticationError);
  assert.equal(await providerSaw(group, "ok"), 0);
});

test("refused keys are a server error, for the caller's own key is good", async () => {
  const group = await makeGroup("anthropic", "dead", "dead");
  for (let n = 0; n < 4; n += 1) {
    const isServerError = (error) => error instanceof Anthropic.InternalServerError && error.status === 503;
    await assert.rejects(client(group).messages.create(call), isServerError);
  }
  assert.ok((await providerSaw(group, "dead")) >= 2);
});

test("a client's mistake is answered in the provider's words", async () => {
  const group = await makeGroup("anthropic", "ok", "ok");
  await assert.rejects(client(group).messages.create({ ...call, model: null }), (error) => {
    assert.ok(error instanceof Anthropic.BadRequestError, String(error));
    assert.match(error.message, /model: Field required/);
    return true;
  });
  assert.equal(await providerSaw(group, "ok"), 1);
});
