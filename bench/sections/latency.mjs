// What a proxy adds to a request's time over the provider itself: at one connection, and at 64 that together send 1,000
// requests a second, so that nobody waits for a busy core.

import { fixed, interleave, measure, median, middle } from "../measure.mjs";

const LOADS = [
  { title: "1 connection", connections: 1 },
  { title: "64 connections, 1,000/s", connections: 64, perSecond: 1000 },
];

export async function latency({ proxies, direct, options, pins, report }) {
  const rows = [];
  for (const { title, ...load } of LOADS) {
    const subjects = [direct, ...proxies];
    const once = (subject) => measure(subject, { ...load, seconds: options.seconds }, { pin: pins.load });
    const results = await interleave(options.fewerRounds, subjects, once);
    for (const { name } of subjects) rows.push({ load: title, proxy: name, ...columns(results, name) });
  }
  report("Latency of a request of 1 KB", rows);
}

function columns(results, name) {
  const added = (field) => {
    const difference = (result, round) => result[field] - results.direct[round][field];
    return name === "direct" ? "-" : fixed(median(results[name].map(difference)), 0);
  };
  return {
    "p50 µs": fixed(middle(results[name], (result) => result.p50_us), 0),
    "p99 µs": fixed(middle(results[name], (result) => result.p99_us), 0),
    "longest µs": fixed(Math.max(...results[name].map((result) => result.max_us)), 0),
    "added p50": added("p50_us"),
    "added p99": added("p99_us"),
  };
}
