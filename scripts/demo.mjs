// Shows on this machine, without any account, what gpt-load does with good and bad keys: node scripts/demo.mjs [PROFILE].
// A mock provider stands for OpenAI; the text of a key says how it behaves.

import { runWithServers, startGateway, startMock, waitFor } from "./servers.mjs";
import { printTable } from "./table.mjs";

const REQUESTS = 48;
const AT_ONCE = 4;

const KEYS = {
  "sk-ok-alpha": "good",
  "sk-ok-bravo": "good",
  "sk-ok-charlie": "good",
  "sk-dead-delta": "refused: 401",
  "sk-limited-echo": "rate limited: 429, back in 20 s",
  "sk-quota-foxtrot": "out of money: 429 insufficient_quota",
};

await runWithServers(async () => {
  const mock = await startMock(process.argv[2] ?? "debug");
  const gateway = await startGateway(process.argv[2] ?? "debug");
  console.log(`mock provider  ${mock.url}\ngpt-load       ${gateway.url}`);

  // Log rows are to be read right after the traffic, not within a minute.
  await gateway.admin.call("PUT", "/api/settings", { request_log_write_interval_minutes: 0 });
  const group = await gateway.admin.createGroup({ name: "demo", upstream: mock.url, keys: Object.keys(KEYS) });
  console.log(`clients call   ${group.url}/v1/chat/completions with the proxy key ${group.proxyKey}\n`);

  const results = await sendTraffic(group);
  printTable(`${REQUESTS} calls, every third one streamed: what the clients got`, countBy(results));
  printTable("What the provider saw", await callsByKey(mock));
  // A key's requests are counted when their log rows are stored, so the rows are waited for first.
  const log = await logSummary(gateway.admin, group);
  printTable("The keys afterwards", await keyStates(gateway.admin, group));
  printTable("The request log", log);

  const good = results.filter((result) => result.startsWith("200")).length;
  console.log(`${good} of ${REQUESTS} calls succeeded although only 3 of ${Object.keys(KEYS).length} keys work.`);
  return good === REQUESTS ? 0 : 1;
});

/** Sends all calls, some at a time, and gives what each client got. */
async function sendTraffic(group) {
  const results = [];
  let next = 0;
  const client = async () => {
    while (next < REQUESTS) results.push(await chat(group, next++ % 3 === 0));
  };
  await Promise.all(Array.from({ length: AT_ONCE }, client));
  return results;
}

async function chat(group, stream) {
  const answer = await fetch(`${group.url}/v1/chat/completions`, {
    method: "POST",
    headers: { authorization: `Bearer ${group.proxyKey}`, "content-type": "application/json" },
    body: JSON.stringify({ model: "gpt-4o", stream, messages: [{ role: "user", content: "Say hello" }] }),
  });
  const text = await answer.text();
  if (!answer.ok) return `${answer.status} ${JSON.parse(text).error.message}`;
  const events = text.split("\n\n").filter((event) => event.startsWith("data: {"));
  const choices = stream ? events.map((event) => JSON.parse(event.slice(6)).choices[0]) : JSON.parse(text).choices;
  const words = choices.map((choice) => (choice.delta ?? choice.message).content ?? "");
  return `200 ${stream ? "streamed" : "whole"}: ${words.join("")}`;
}

function countBy(results) {
  const counts = new Map();
  for (const result of results.toSorted()) counts.set(result, (counts.get(result) ?? 0) + 1);
  return Array.from(counts, ([answer, calls]) => ({ calls, answer }));
}

async function callsByKey(mock) {
  const { by_key: byKey } = await (await fetch(`${mock.url}/__mock/stats`)).json();
  return Object.entries(KEYS).map(([key, nature]) => {
    const statuses = Object.entries(byKey[key] ?? {});
    const calls = statuses.reduce((sum, [, count]) => sum + count, 0);
    return { key, nature, calls, answers: statuses.map(([status, count]) => `${count} × ${status}`).join(", ") || "-" };
  });
}

async function keyStates(admin, group) {
  const keys = await admin.list(`/api/keys?group_id=${group.id}`);
  const inOrder = Object.keys(KEYS).map((key) => keys.find(({ key_value: value }) => value === key));
  return inOrder.map((key) => ({
    key: key.key_value,
    state: state(key),
    requests: key.request_count,
    failures: key.failure_count,
    "last error": [key.last_status, key.last_error].filter(Boolean).join(" ").slice(0, 72) || "-",
  }));
}

function state(key) {
  const restsMs = key.cooldown_until ? new Date(key.cooldown_until) - Date.now() : 0;
  if (key.status !== "active") return key.status;
  if (restsMs > 0) return `cooling, back in ${Math.ceil(restsMs / 1000)} s`;
  return key.cooling_models?.length ? "cooling for this model" : "active";
}

async function logSummary(admin, group) {
  const rows = await waitFor("the log rows of all calls", 10_000, async () => {
    const found = await admin.list(`/api/logs?group_name=${group.name}`);
    return found.filter((row) => row.request_type === "final").length >= REQUESTS && found;
  });
  const kinds = rows.map((row) => `${row.request_type} ${row.status_code} ${row.key_value}`);
  return countBy(kinds).map(({ calls, answer }) => {
    const [type, status, key] = answer.split(" ");
    return { rows: calls, type, status, key };
  });
}
