// Google's SDK: generation, models, and its errors.

import assert from "node:assert/strict";
import { test } from "node:test";

import { GoogleGenAI } from "@google/genai";

import { makeGroup, providerSaw, TEXT } from "./groups.mjs";

const call = { model: "gemini-2.5-flash", contents: "hi" };

function client(group, apiKey = group.proxyKey) {
  return new GoogleGenAI({ apiKey, httpOptions: { baseUrl: group.url, timeout: 30_000 } });
}

test("a generation", async () => {
  const answer = await client(await makeGroup("gemini", "ok")).models.generateContent(call);
  assert.equal(answer.text, TEXT);
});

test("a streamed generation", async () => {
  const chunks = await client(await makeGroup("gemini", "ok")).models.generateContentStream(call);
  const pieces = [];
  for await (const chunk of chunks) pieces.push(chunk.text);
  assert.deepEqual(pieces, ["Hello", " from", " the", " mock", " provider", "."]);
});

test("models", async () => {
  const names = [];
  for await (const model of await client(await makeGroup("gemini", "ok")).models.list()) names.push(model.name);
  assert.deepEqual(names, ["models/gemini-2.5-flash", "models/gemini-2.5-pro"]);
});

for (const kind of ["limited", "dead", "quota", "suspended", "overloaded", "reset"]) {
  test(`a failing key is not noticed: ${kind}`, async () => {
    const group = await makeGroup("gemini", kind, "ok");
    for (let n = 0; n < 4; n += 1) assert.equal((await client(group).models.generateContent(call)).text, TEXT);
    assert.ok((await providerSaw(group, kind)) >= 1);
  });
}

test("a wrong proxy key is an authentication error", async () => {
  const group = await makeGroup("gemini", "ok");
  await assert.rejects(client(group, "pk-wrong").models.generateContent(call), { name: "ApiError", status: 401 });
  assert.equal(await providerSaw(group, "ok"), 0);
});

test("refused keys are a server error, for the caller's own key is good", async () => {
  const group = await makeGroup("gemini", "dead", "dead");
  for (let n = 0; n < 4; n += 1) {
    await assert.rejects(client(group).models.generateContent(call), { name: "ApiError", status: 503 });
  }
  assert.ok((await providerSaw(group, "dead")) >= 2);
});

test("a client's mistake is answered in the provider's words", async () => {
  const unknown = client(await makeGroup("gemini", "ok", "ok")).models.get({ model: "no-such-model" });
  await assert.rejects(unknown, { name: "ApiError", status: 404, message: /models\/no-such-model is not found/ });
});
