// 200 event streams at once, 50 chunks a second each: CPU time by chunk, and how much later than written a chunk arrives.

import { CHAT, cpuColumns, fixed, interleave, measure, median, middle, ratio } from "../measure.mjs";

const LOAD = { connections: 200, stream: true, seconds: 3 };
/** CPU time of a chunk to nginx's. */
const LIMIT = 1.3;
const PATH = `/stream${CHAT}?chunks=1000000&every_ms=20`;

export async function streams({ proxies, direct, options, pins, report, judge }) {
  const once = (subject) => measure(subject, LOAD, { path: PATH, pin: pins.load });
  const results = await interleave(options.fewerRounds, [direct, ...proxies], once);
  const rows = [direct, ...proxies].map(({ name }) => ({ proxy: name, ...columns(results, name) }));
  report("Streams: 200 at once, 50 chunks a second each", rows);
  judge("CPU time of a chunk to nginx's", LIMIT, ratio(results["gpt-load"], results.nginx, byChunk));
}

function byChunk({ cpu, count }) {
  return cpu / count;
}

function columns(results, name) {
  const cpu = cpuColumns(results, name, "CPU µs a chunk", byChunk);
  const added = (field) => {
    const difference = (result, round) => result[field] - results.direct[round][field];
    return fixed(median(results[name].map(difference)), 0);
  };
  return {
    ...(name === "direct" ? Object.fromEntries(Object.keys(cpu).map((label) => [label, "-"])) : cpu),
    "chunks/s": Math.round(middle(results[name], ({ count, seconds }) => count / seconds)),
    "delay p50 µs": fixed(middle(results[name], (result) => result.p50_us), 0),
    "delay p99 µs": fixed(middle(results[name], (result) => result.p99_us), 0),
    "added p50": name === "direct" ? "-" : added("p50_us"),
    "added p99": name === "direct" ? "-" : added("p99_us"),
  };
}
