// OpenAI's SDK: chat, responses, embeddings, models, audio, and the types of its errors.

import assert from "node:assert/strict";
import { test } from "node:test";

import OpenAI from "openai";

import { makeGroup, MESSAGES, providerSaw, TEXT } from "./groups.mjs";

const model = "gpt-4o";

function client(group, { apiKey = group.proxyKey, path = "/v1" } = {}) {
  return new OpenAI({ apiKey, baseURL: group.url + path, maxRetries: 0, timeout: 30_000 });
}

function chat(group, options) {
  return client(group, options).chat.completions.create({ model, messages: MESSAGES });
}

test("a chat completion", async () => {
  const completion = await chat(await makeGroup("openai", "ok"));
  assert.equal(completion.choices[0].message.content, TEXT);
  assert.equal(completion._request_id, "req_mock");
});

test("a streamed chat completion", async () => {
  const sdk = client(await makeGroup("openai", "ok"));
  const chunks = await sdk.chat.completions.create({ model, messages: MESSAGES, stream: true });
  let text = "";
  for await (const chunk of chunks) text += chunk.choices[0]?.delta.content ?? "";
  assert.equal(text, TEXT);
});

test("a response, whole and streamed", async () => {
  const sdk = client(await makeGroup("openai-response", "ok"));
  assert.equal((await sdk.responses.create({ model, input: "hi" })).output_text, TEXT);
  assert.equal((await sdk.responses.stream({ model, input: "hi" }).finalResponse()).output_text, TEXT);
});

test("embeddings", async () => {
  const sdk = client(await makeGroup("openai", "ok"));
  const { data } = await sdk.embeddings.create({ model: "text-embedding-3-small", input: ["a", "b"] });
  assert.deepEqual(data.map((item) => item.embedding[0]), [0.125, 0.125]);
});

test("models", async () => {
  const { data } = await client(await makeGroup("openai", "ok")).models.list();
  assert.ok(data.some(({ id }) => id === model));
});

test("an upload is sent again with another key", async () => {
  const group = await makeGroup("openai", "limited", "ok");
  for (let call = 0; call < 2; call += 1) {
    const file = new File([new Uint8Array(100_000)], "speech.wav");
    const { text } = await client(group).audio.transcriptions.create({ model: "whisper-1", file });
    assert.equal(text, TEXT);
  }
  assert.ok((await providerSaw(group, "limited")) >= 1);
});

for (const kind of ["limited", "dead", "quota", "overloaded", "reset"]) {
  test(`a failing key is not noticed: ${kind}`, async () => {
    const group = await makeGroup("openai", kind, "ok");
    for (let call = 0; call < 4; call += 1) assert.equal((await chat(group)).choices[0].message.content, TEXT);
    assert.ok((await providerSaw(group, kind)) >= 1);
  });
}

test("a wrong proxy key is an authentication error", async () => {
  const group = await makeGroup("openai", "ok");
  await assert.rejects(chat(group, { apiKey: "pk-wrong" }), OpenAI.AuthenticationError);
  assert.equal(await providerSaw(group, "ok"), 0);
});

test("refused keys are a server error, for the caller's own key is good", async () => {
  const group = await makeGroup("openai", "dead", "dead");
  for (let call = 0; call < 4; call += 1) {
    await assert.rejects(chat(group), (error) => error instanceof OpenAI.InternalServerError && error.status === 503);
  }
  assert.ok((await providerSaw(group, "dead")) >= 2);
});

test("a client's mistake is answered in the provider's words", async () => {
  const group = await makeGroup("openai", "ok", "ok");
  const mistaken = client(group).post("/chat/completions", { body: ["no object"] });
  await assert.rejects(mistaken, (error) => {
    assert.ok(error instanceof OpenAI.BadRequestError, String(error));
    assert.match(error.message, /The JSON body of this request could not be parsed/);
    return true;
  });
  assert.equal(await providerSaw(group, "ok"), 1);
});

test("a stream that is cut does not look whole", async () => {
  const sdk = client(await makeGroup("openai", "cut"));
  const chunks = await sdk.chat.completions.create({ model, messages: MESSAGES, stream: true });
  let text = "";
  await assert.rejects(async () => {
    for await (const chunk of chunks) text += chunk.choices[0].delta.content;
  });
  assert.match(text, /^Hello/);
});

test("Gemini by OpenAI's SDK", async () => {
  const group = await makeGroup("gemini", "ok");
  const completion = await client(group, { path: "/v1beta/openai/" }).chat.completions.create({ model, messages: MESSAGES });
  assert.equal(completion.choices[0].message.content, TEXT);
});
