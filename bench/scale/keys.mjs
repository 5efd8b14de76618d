// A group with a million keys: import, memory, lists, restart, deletion.

import { randomBytes } from "node:crypto";
import { createWriteStream, openAsBlob } from "node:fs";
import { join } from "node:path";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";

import { newFolder, startGateway, stop, waitFor } from "../../scripts/servers.mjs";
import { peakMemory, residentMemory } from "../process.mjs";
import { beside, client, quantile, timed } from "./beside.mjs";

const LIST_MS = 200;
const LOOKS = 5;
const EVERY_MS = 20;
const TASK_LIMIT_MS = 600_000;
/** The most keys that are given another status, for lists by status. */
const DISABLED = 5000;

/** Measures all of it. The limits are those for a million keys. */
export async function keys({ mock, options }) {
  const folder = newFolder();
  const env = {
    ...(options.encrypted && { ENCRYPTION_KEY: "a passphrase for the bench" }),
    ...(options.dsn && { DATABASE_DSN: options.dsn }),
  };
  const launch = () => startGateway("release", { env, folder });
  let gateway = await launch();
  const rows = [];
  const row = (what, limit, measured) => {
    rows.push({ what, limit, measured });
    console.log(`  ${what}: ${measured} (${limit})`);
  };

  await gateway.admin.call("PUT", "/api/settings", { request_log_write_interval_minutes: 0 });
  const group = (name) => gateway.admin.createGroup({ name, upstream: `${mock.url}/bench`, keys: [`sk-first-of-${name}`] });
  const [large, small] = [await group("large"), await group("small")];
  const idle = await beside(client(small), EVERY_MS, () => sleep(5000));
  row("requests with nothing else to do", "–", spread(idle.times));

  const { file, some } = await writeKeys(options.keys);
  const imported = await beside(client(small), EVERY_MS, () => importFile(gateway.admin, large, file));
  row("import", "30 s", seconds(imported.ms));
  row("… its answer to the upload", "–", seconds(imported.result.accepted));
  row("… times its progress was seen to move", "–", imported.result.seen);
  row("… requests meanwhile", "no visible delay", spread(imported.times));
  row("… memory at its peak", "–", mib(peakMemory(gateway.pid)));
  await sleep(5000);
  row("… memory afterwards", "300 MiB", mib(residentMemory(gateway.pid)));

  await gateway.admin.call("POST", "/api/keys/disable-multiple", { group_id: large.id, keys_text: some.slice(0, DISABLED).join("\n") });
  for (const [what, path] of lists(large, some)) {
    const times = [];
    for (let look = 0; look < LOOKS; look += 1) times.push((await timed(() => gateway.admin.call("GET", path))).ms);
    row(what, `${LIST_MS} ms`, `${Math.round(quantile(times.sort((a, b) => a - b), 0.5))} ms, at most ${Math.round(times.at(-1))}`);
  }

  await stop(gateway);
  const restarted = await timed(async () => {
    gateway = await launch();
    large.url = `${gateway.url}/proxy/${large.name}`;
    await waitFor("the first answer", TASK_LIMIT_MS, () => client(large)().then(() => true, () => false));
  });
  row("first answer after a restart", "5 s", seconds(restarted.ms));
  const loaded = await timed(() => gateway.admin.call("GET", `/api/keys?group_id=${large.id}`));
  row("… every key loaded", "–", seconds(restarted.ms + loaded.ms));
  await sleep(5000);
  row("… memory", "300 MiB", mib(residentMemory(gateway.pid)));

  small.url = `${gateway.url}/proxy/${small.name}`;
  const deleted = await beside(client(small), EVERY_MS, () => gateway.admin.call("POST", "/api/keys/clear-all", { group_id: large.id }));
  row("deleting all", "30 s", seconds(deleted.ms));
  row("… requests meanwhile", "no pause", spread(deleted.times));
  const { pagination } = await gateway.admin.call("GET", `/api/keys?group_id=${large.id}`);
  if (pagination.total_items !== 0) throw new Error(`${pagination.total_items} keys are left`);
  await stop(gateway);
  return { title: `${options.keys.toLocaleString("en")} keys in one group${options.encrypted ? ", encrypted" : ""}, ${options.dsn ? "a database server" : "SQLite"}`, rows };
}

function lists(group, some) {
  const of = (query) => `/api/keys?group_id=${group.id}${query}`;
  const key = some.at(-1);
  return [
    ["first page", of("")],
    ["page 10,000 of 15", of("&page=10000")],
    ["page 10,000 of 100", of("&page=10000&page_size=100")],
    ["last page of 1,000", of("&page=1000&page_size=1000")],
    ["active ones, page 10,000", of("&status=active&page=10000")],
    ["disabled ones", of("&status=disabled")],
    ["invalid ones", of("&status=invalid")],
    ["cooling ones", of("&status=cooling")],
    ["one key by its text", of(`&key_value=${key}`)],
    ["by the last four characters", of(`&q=${key.slice(-4)}`)],
    ["by part of the notes", of("&q=nothing%20like%20it")],
    ["most failures first", of("&sort=failure_count")],
    ["most requests first", of("&sort=request_count")],
    ["by id", of("&sort=id&order=asc")],
    ["by id, page 10,000", of("&sort=id&page=10000")],
    ["all groups", "/api/groups"],
    ["the group's statistics", `/api/groups/${group.id}/stats`],
  ];
}

/** A file with so many keys, one a line; some of them are given back. */
async function writeKeys(count) {
  const file = join(newFolder(), "keys.txt");
  const stream = createWriteStream(file);
  const some = [];
  for (let first = 0; first < count; first += 1000) {
    const lines = Array.from({ length: Math.min(1000, count - first) }, () => `sk-proj-${randomBytes(24).toString("hex")}`);
    if (some.length < DISABLED) some.push(...lines);
    if (!stream.write(`${lines.join("\n")}\n`)) await once(stream, "drain");
  }
  stream.end();
  await once(stream, "finish");
  return { file, some };
}

async function importFile(admin, group, file) {
  const form = new FormData();
  form.set("group_id", String(group.id));
  form.set("file", await openAsBlob(file), "keys.txt");
  const accepted = await timed(() => admin.upload("/api/keys/add-async", form));
  const seen = new Set();
  const ended = await waitFor("the import to end", TASK_LIMIT_MS, async () => {
    const status = await admin.call("GET", "/api/tasks/status");
    seen.add(status.processed);
    await sleep(100);
    return !status.is_running && status;
  });
  if (ended.error || ended.result.ignored_count > 0) throw new Error(`the import ended with ${JSON.stringify(ended)}`);
  return { accepted: accepted.ms, seen: seen.size };
}

function spread(times) {
  const [half, most, all] = [0.5, 0.99, 1].map((share) => quantile(times, share).toFixed(1));
  return `p50 ${half} ms, p99 ${most} ms, at most ${all} ms`;
}

function seconds(ms) {
  return `${(ms / 1000).toFixed(2)} s`;
}

function mib(kib) {
  return `${Math.round(kib / 1024)} MiB`;
}
