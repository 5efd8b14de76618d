// A log of ten million rows: lists, filters, dashboard, statistics, retention.
//
// The rows are put into the database of a server that is down, by SQLite's own shell: through requests they would take an hour.

import { createHash } from "node:crypto";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { newFolder, startGateway, stop, waitFor } from "../../scripts/servers.mjs";
import { residentMemory } from "../process.mjs";
import { beside, client, quantile, timed } from "./beside.mjs";

const DAY_MS = 24 * 3600_000;
/** The rows are spread evenly over so many days until now. */
const DAYS = 28;
/** Then only so many days are kept: more than a quarter of the file becomes free, from which on space is given back. */
const KEPT_DAYS = 18;
const GROUPS = 50;
const KEYS = 1000;
const LOOKS = 5;
const EVERY_MS = 20;
const EXACT = "200 ms";
const PART = "2 s";
const RETENTION_LIMIT_MS = 3_600_000;

/** Measures all of it. The limits are those for ten million rows. */
export async function logs({ mock, options }) {
  const folder = newFolder();
  const file = join(folder, "data/gpt-load.db");
  const rows = [];
  const row = (what, limit, measured) => {
    rows.push({ what, limit, measured });
    console.log(`  ${what}: ${measured} (${limit})`);
  };
  let gateway = await startGateway("release", { folder });
  await gateway.admin.call("PUT", "/api/settings", { request_log_write_interval_minutes: 0, request_log_retention_days: 0 });
  const group = await gateway.admin.createGroup({ name: "group-1", upstream: `${mock.url}/bench`, keys: ["sk-of-the-bench"] });
  await stop(gateway);
  const end = Date.now();
  const filled = await timed(() => fill(file, options.logs, end));
  row("filling the database", "–", `${seconds(filled.ms)}, ${mib(statSync(file).size)}`);

  gateway = await startGateway("release", { folder });
  group.url = `${gateway.url}/proxy/${group.name}`;
  for (const [what, limit, path] of calls(end)) {
    const times = [];
    for (let look = 0; look < LOOKS; look += 1) times.push((await timed(() => gateway.admin.call("GET", path))).ms);
    row(what, limit, `${Math.round(quantile(times.sort((a, b) => a - b), 0.5))} ms, at most ${Math.round(times.at(-1))}`);
  }
  row("memory afterwards", "–", mib(residentMemory(gateway.pid) * 1024));

  const before = statSync(file).size;
  const idle = await beside(client(group), EVERY_MS, () => sleep(5000));
  row("requests with nothing else to do", "–", spread(idle.times));
  await gateway.admin.call("PUT", "/api/settings", { request_log_retention_days: KEPT_DAYS });
  await waitFor("the first rows to be deleted", RETENTION_LIMIT_MS, () => isGone(gateway, end, DAYS - 0.5));
  const deleted = await beside(client(group), EVERY_MS, () =>
    waitFor("the old rows to be deleted", RETENTION_LIMIT_MS, () => isGone(gateway, end, KEPT_DAYS)),
  );
  row(`deleting ${DAYS - KEPT_DAYS} of ${DAYS} days`, "small steps", seconds(deleted.ms));
  row("… requests meanwhile", "none delayed", spread(deleted.times));
  await stop(gateway);
  row("… the file afterwards", "smaller", `${mib(statSync(file).size)} of ${mib(before)}`);
  return { title: `${options.logs.toLocaleString("en")} rows in the log, SQLite`, rows };
}

/** What is asked for, and within which time: exact filters, windows and statistics are bound to one, parts of texts to another. */
function calls(end) {
  const log = (query) => `/api/logs?${query}`;
  const before = (days) => new Date(end - days * DAY_MS).toISOString();
  const day = `start_time=${before(20)}&end_time=${before(19)}`;
  return [
    ["newest page", EXACT, log("")],
    ["page 1,000", EXACT, log("page=1000")],
    ["page of 1,000 rows", EXACT, log("page_size=1000")],
    ["one key", EXACT, log(`key_value=${key(7)}`)],
    ["one address", EXACT, log("source_ip=10.0.1.2")],
    ["an address that never asked", EXACT, log("source_ip=192.0.2.1")],
    ["status 429", EXACT, log("status_code=429")],
    ["status 200", EXACT, log("status_code=200")],
    ["a status that a row in a million has", EXACT, log("status_code=418")],
    ["failures", EXACT, log("is_success=false")],
    ["successes", EXACT, log("is_success=true")],
    ["retries", EXACT, log("request_type=retry")],
    ["final rows", EXACT, log("request_type=final")],
    ["final failures with 401", EXACT, log("is_success=false&request_type=final&status_code=401")],
    ["failures of one key", EXACT, log(`key_value=${key(7)}&is_success=false`)],
    ["successes of one address", EXACT, log("source_ip=10.0.1.2&is_success=true")],
    ["an hour", EXACT, log(`start_time=${before(20)}&end_time=${before(19.96)}`)],
    ["a day, three weeks ago", EXACT, log(day)],
    ["everything until then", EXACT, log(`end_time=${before(20)}`)],
    ["that day's 429", EXACT, log(`${day}&status_code=429`)],
    ["that day's rows of one key", EXACT, log(`${day}&key_value=${key(7)}`)],
    ["dashboard", EXACT, "/api/dashboard/stats"],
    ["dashboard's chart", EXACT, "/api/dashboard/chart"],
    ["a group's statistics", EXACT, "/api/groups/1/stats"],
    ["part of a group's name", PART, log("group_name=up-7")],
    ["part of a name that no group has", PART, log("group_name=nothing")],
    ["part of an aggregate's name", PART, log("parent_group_name=every")],
    ["part of a model's name", PART, log("model=del-3")],
    ["part of an error", PART, log("error_contains=Rate")],
    ["part of an error that a row in a million has", PART, log("error_contains=needle")],
    ["part of an error that never was", PART, log("error_contains=nothing")],
    ["parts of three texts", PART, log("group_name=up-7&model=del-3&error_contains=nothing")],
  ];
}

async function isGone(gateway, end, days) {
  await sleep(500);
  const query = `end_time=${new Date(end - days * DAY_MS).toISOString()}&page_size=1`;
  return (await gateway.admin.call("GET", `/api/logs?${query}`)).pagination.total_items === 0;
}

/** Puts rows and hourly statistics into a database: indexes are made afterwards, which is ten times as fast. */
async function fill(file, count, end) {
  const indexes = "SELECT sql || ';' FROM sqlite_master WHERE tbl_name = 'request_logs' AND type = 'index' AND sql IS NOT NULL";
  const names = "SELECT 'DROP INDEX ' || name || ';' FROM sqlite_master WHERE tbl_name = 'request_logs' AND type = 'index' AND sql IS NOT NULL";
  const [create, drop] = [await sqlite(file, `${indexes};`), await sqlite(file, `${names};`)];
  await sqlite(file, ["PRAGMA journal_mode = off; PRAGMA synchronous = off; PRAGMA cache_size = -200000;", drop, rowsSql(count, end), statisticsSql(end), create].join("\n"));
}

/** 8 % fail, half of them with 429; a row in 20 is a retry; a row in five was asked of an aggregate; one in a million is odd. */
function rowsSql(count, end) {
  const keys = Array.from({ length: KEYS }, (_, number) => `(${number}, '${key(number)}', '${sha256(key(number))}')`);
  return `
CREATE TEMP TABLE keys (number INTEGER PRIMARY KEY, value TEXT, hash TEXT);
INSERT INTO keys VALUES ${keys.join(",")};
INSERT INTO request_logs (id, timestamp, group_id, group_name, parent_group_id, parent_group_name, key_value, key_hash, model,
  is_success, source_ip, status_code, request_path, duration, error_message, user_agent, request_type, upstream_addr, is_stream,
  request_body, request_id, first_byte_ms, prompt_tokens, completion_tokens, cached_tokens, attempt, proxy_key_hash)
WITH RECURSIVE
  numbers (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM numbers WHERE i + 1 < ${count}),
  mixed AS (SELECT i, ${end - DAYS * DAY_MS} + i * ${DAYS * DAY_MS} / ${count} AS ms, (i * 2654435761 & 4294967295) >> 8 AS x,
    i % 1000000 = 500000 AS is_odd FROM numbers),
  attempts AS (SELECT *, x % 100 >= 8 AS succeeded, printf('%08x-%04x-7000-8000-%012x', ms >> 16, ms & 65535, i) AS uuid FROM mixed)
SELECT uuid, strftime('%Y-%m-%d %H:%M:%f+00:00', ms / 1000.0, 'unixepoch'), 1 + x % ${GROUPS}, 'group-' || (1 + x % ${GROUPS}),
  iif(x % 5 = 0, ${GROUPS + 1}, 0), iif(x % 5 = 0, 'everything', ''), keys.value, keys.hash, 'model-' || (x / 7 % 20),
  succeeded, printf('10.0.%d.%d', x / 250 % 4, x % 250),
  CASE WHEN is_odd THEN 418 WHEN succeeded THEN 200 WHEN x % 100 >= 4 THEN 429 WHEN x % 100 >= 1 THEN 500 ELSE 401 END,
  '/proxy/group/v1/chat/completions', 200 + x % 5000,
  CASE WHEN is_odd THEN 'a needle in the haystack' WHEN succeeded THEN '' ELSE '[status 429] Rate limit reached for requests per minute' END,
  'OpenAI/Python 1.99.1', iif(x % 20 = 3, 'retry', 'final'), 'https://api.example.com/v1/chat/completions', x % 2, '',
  uuid, 100, 500 + x % 100, 300, 0, 1, ''
FROM attempts JOIN keys ON keys.number = x / 11 % ${KEYS};`;
}

function statisticsSql(end) {
  return `
INSERT INTO group_hourly_stats (time, group_id, success_count, failure_count, created_at, updated_at)
WITH RECURSIVE
  hours (h) AS (SELECT 0 UNION ALL SELECT h + 1 FROM hours WHERE h + 1 < ${DAYS * 24}),
  all_groups (g) AS (SELECT 1 UNION ALL SELECT g + 1 FROM all_groups WHERE g < ${GROUPS + 1})
SELECT strftime('%Y-%m-%d %H:00:00+00:00', ${Math.floor(end / 1000)} - h * 3600, 'unixepoch'), g, 270, 25, datetime(), datetime()
FROM hours, all_groups;`;
}

function key(number) {
  return `sk-proj-${String(number).padStart(48, "0")}`;
}

function sha256(text) {
  return createHash("sha256").update(text).digest("hex");
}

/** Runs statements. Gives what they print. */
async function sqlite(file, statements) {
  const shell = spawn("sqlite3", ["-bail", file], { stdio: ["pipe", "pipe", "inherit"] });
  let printed = "";
  shell.stdout.on("data", (text) => (printed += text));
  shell.stdin.end(statements);
  const [code] = await once(shell, "close");
  if (code !== 0) throw new Error(`sqlite3 ended with ${code}`);
  return printed;
}

function spread(times) {
  const [half, most, all] = [0.5, 0.99, 1].map((share) => quantile(times, share).toFixed(1));
  return `p50 ${half} ms, p99 ${most} ms, at most ${all} ms`;
}

function seconds(ms) {
  return `${(ms / 1000).toFixed(1)} s`;
}

function mib(bytes) {
  return `${Math.round(bytes / (1 << 20))} MiB`;
}
