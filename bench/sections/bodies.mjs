// Bodies of 8 MB, up and down: CPU time by MB.

import { CHAT, cpuColumns, interleave, measure, middle } from "../measure.mjs";

const MB = 8;
const BYTES = MB * 1_000_000;
const CASES = [
  { title: "request of 8 MB", bodyBytes: BYTES, path: CHAT },
  { title: "answer of 8 MB", bodyBytes: 1024, path: `${CHAT}?size=${BYTES}` },
];
const CONNECTIONS = 2;

export async function bodies({ proxies, options, pins, report }) {
  const rows = [];
  for (const { title, bodyBytes, path } of CASES) {
    const load = { connections: CONNECTIONS, seconds: options.seconds, bodyBytes };
    const once = (proxy) => measure(proxy, load, { path, pin: pins.load });
    const results = await interleave(options.fewerRounds, proxies, once);
    for (const { name } of proxies) rows.push({ case: title, proxy: name, ...columns(results, name) });
  }
  report("Bodies of 8 MB", rows);
}

function columns(results, name) {
  return {
    ...cpuColumns(results, name, "CPU µs a MB", ({ cpu, count }) => cpu / count / MB),
    "MB/s": Math.round(middle(results[name], ({ count, seconds }) => (count / seconds) * MB)),
  };
}
