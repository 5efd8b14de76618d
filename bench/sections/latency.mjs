// What a proxy adds to a request's time over the provider itself: at one connection, and at 64 that together send 1,000
// requests a second, so that nobody waits for a busy core.

import { fixed, interleave, measure, median, middle } from "../measure.mjs";

const LOADS = [
  { title: "1 connection", connections: 1 },
  { title: "64 connections, 1,000/s", connections: 64, perSecond: 1000 },
];

/** Of the added p99 at one connection, in µs. */
const LIMIT = 300;

export async function latency({ proxies, direct, options, pins, report, judge }) {
  const rows = [];
  for (const { title, ...load } of LOADS) {
    const subjects = [direct, ...proxies];
    const once = (subject) => measure(subject, { ...load, seconds: options.seconds }, { pin: pins.load });
    const results = await interleave(options.fewerRounds, subjects, once);
    for (const { name } of subjects) rows.push({ load: title, proxy: name, ...columns(results, name) });
    if (load.connections === 1) judge("p99 added at one connection, µs", LIMIT, added(results, "gpt-load", "p99_us"));
  }
  report("Latency of a request of 1 KB", rows);
}

function added(results, name, field) {
  return median(results[name].map((result, round) => result[field] - results.direct[round][field]));
}

function columns(results, name) {
  const addedBy = (field) => (name === "direct" ? "-" : fixed(added(results, name, field), 0));
  return {
    "p50 µs": fixed(middle(results[name], (result) => result.p50_us), 0),
    "p99 µs": fixed(middle(results[name], (result) => result.p99_us), 0),
    "longest µs": fixed(Math.max(...results[name].map((result) => result.max_us)), 0),
    "added p50": addedBy("p50_us"),
    "added p99": addedBy("p99_us"),
  };
}
