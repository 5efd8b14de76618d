// Requests and answers of 1 KB: CPU time by request at 1, 8 and 64 connections, with edits in force, with failing attempts;
// and what a row of gpt-load's log costs until it is in the database.

import { CHAT, cpuColumns, fixed, interleave, measure, middle, ratio } from "../measure.mjs";

const EDITED = { title: "edited", connections: 8, group: "edited" };
/** CPU time of a plain request to nginx's, and of the database writer's row in µs. */
const LIMITS = { request: 1.5, row: 40 };
const FAILING = { title: "1 in 5 attempts fails", connections: 8, group: "failing", path: `/failing${CHAT}?fail_every=5` };

export async function requests({ proxies, options, pins, report, judge }) {
  const plain = options.connections.map((connections) => ({ title: "plain", connections, group: "base" }));
  const gptLoad = proxies.find(({ name }) => name === "gpt-load");
  const stored = await storedRequests(gptLoad);
  const [rows, logRows, threadRows] = [[], [], []];
  let sent = 0;
  for (const { title, connections, group, path } of [...plain, EDITED, FAILING]) {
    // Debian's HAProxy does not know 429 among the statuses to retry.
    const compared = proxies.filter(({ name }) => title !== FAILING.title || name !== "HAProxy");
    const load = { connections, seconds: options.seconds };
    const place = { group, path, pin: pins.load };
    const rounds = title === "plain" ? options.rounds : options.fewerRounds;
    const results = await interleave(rounds, compared, (proxy) => measure(proxy, load, place));
    const own = results["gpt-load"];
    sent += own.reduce((sum, result) => sum + result.sent, 0);
    for (const { name } of compared) rows.push({ case: title, connections, proxy: name, ...columns(results, name) });
    logRows.push({ case: title, connections, ...logColumns(own, title === FAILING.title ? 1.25 : 1) });
    threadRows.push({ case: title, connections, ...threadColumns(own) });
    if (title === "plain") {
      judge(`CPU time of a request to nginx's, connections: ${connections}`, LIMITS.request, ratio(own, results.nginx, byRequest));
      judge(`CPU µs of a row in the database, connections: ${connections}`, LIMITS.row, middle(own, byRow(1)));
    }
  }
  const missing = sent - ((await storedRequests(gptLoad)) - stored);
  if (missing !== 0) throw new Error(`of ${sent} requests, ${missing} are missing in gpt-load's log`);
  report("Requests: POST of 1 KB, answer of 1 KB", rows);
  report("gpt-load's CPU time by thread, µs a request", threadRows);
  report("The database writer: a row of gpt-load's log, stored within the measurement", logRows);
}

async function storedRequests({ admin, groups }) {
  const of = async ({ id }) => (await admin.call("GET", `/api/groups/${id}/stats`)).stats_24_hour.total_requests;
  const counts = await Promise.all(Object.values(groups).map(of));
  return counts.reduce((sum, count) => sum + count, 0);
}

function byRequest({ cpu, count }) {
  return cpu / count;
}

function byRow(attempts) {
  return ({ database, count }) => database / count / attempts;
}

function columns(results, name) {
  return {
    ...cpuColumns(results, name, "CPU µs", byRequest),
    "requests/s": Math.round(middle(results[name], ({ count, seconds }) => count / seconds)),
  };
}

function logColumns(results, attempts) {
  const sorted = results.map(byRow(attempts)).toSorted((a, b) => a - b);
  return {
    "CPU µs a row": fixed(middle(results, byRow(attempts)), 1),
    "(least – most)": `${fixed(sorted[0], 1)} – ${fixed(sorted.at(-1), 1)}`,
    rows: Math.round(results.reduce((sum, { count }) => sum + count, 0) * attempts),
  };
}

function threadColumns(results) {
  const names = [...results[0].threads.keys()].toSorted();
  return Object.fromEntries(
    names.map((name) => [name, fixed(middle(results, ({ threads, count }) => threads.get(name) / count), 1)]),
  );
}
