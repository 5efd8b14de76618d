// Resident memory: idle, under load, after all that was measured before; and what an open stream takes of it. What the kernel
// keeps for sockets is not part of it.

import { CHAT, measure } from "../measure.mjs";
import { heapMemory, peakMemory, residentMemory } from "../process.mjs";
import { startAll } from "../proxies.mjs";

const STREAMS = 2000;
const STREAM_PATH = `/stream${CHAT}?chunks=1000000&every_ms=1000`;
const LOAD = { connections: 64, seconds: 2 };
/** Resident memory in MiB just started and after all of this, and bytes of an open stream. */
const LIMITS = { started: 20, after: 60, stream: 20_000 };

export async function memory({ proxies, mock, pins, report, judge }) {
  const rows = [];
  for (const proxy of proxies) {
    let loaded;
    const onMeasured = () => (loaded = residentMemory(proxy.pid));
    await measure(proxy, LOAD, { pin: pins.load, onMeasured });
    const [after, peak] = [residentMemory(proxy.pid), peakMemory(proxy.pid)];
    const [started, idle] = [mib(proxy.started), mib(proxy.idle)];
    rows.push({ proxy: proxy.name, "just started": started, idle, "64 connections": mib(loaded), after: mib(after), peak: mib(peak) });
  }
  report("Resident memory, MiB", rows);
  const own = ({ proxy }) => proxy === "gpt-load";
  const streams = await openStreams(mock, pins);
  report(`${STREAMS} open streams`, streams);
  judge("resident memory just started, MiB", LIMITS.started, Number(rows.find(own)["just started"]));
  judge("resident memory after the load, MiB", LIMITS.after, Number(rows.find(own).after));
  judge("bytes of an open stream", LIMITS.stream, streams.find(own)["bytes a stream"]);
}

/** In processes of their own: memory that an earlier load has left behind would be used again and hide what streams take. */
async function openStreams(mock, pins) {
  const rows = [];
  for (const proxy of await startAll(mock, pins.proxy)) {
    let open;
    const before = heapMemory(proxy.pid);
    const onMeasured = () => (open = heapMemory(proxy.pid));
    const load = { connections: STREAMS, stream: true, seconds: 3 };
    await measure(proxy, load, { path: STREAM_PATH, pin: pins.load, onMeasured });
    rows.push({
      proxy: proxy.name,
      "before MiB": mib(before),
      "open MiB": mib(open),
      "bytes a stream": Math.round(((open - before) * 1024) / STREAMS),
    });
  }
  return rows;
}

function mib(kib) {
  return (kib / 1024).toFixed(1);
}
