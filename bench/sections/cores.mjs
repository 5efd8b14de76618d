// Two cores against one. There are no cores left for load and provider, so they run on the same two, niced: what they use is
// missing from the throughput at two cores. The ratio of what a core's time yields tells what two cores of its own would give.

import { startMock } from "../../scripts/servers.mjs";
import { fixed, interleave, measure, middle } from "../measure.mjs";
import { startAll } from "../proxies.mjs";

const NICED = ["nice", "-n", "19"];
const LOAD = { connections: 64 };

export async function cores({ options, pins, report }) {
  const mock = await startMock("release", { pin: [...NICED, ...pins.both] });
  const label = (cores) => (proxy) => ({ ...proxy, name: `${proxy.name} on ${cores}` });
  const [one, two] = [await startAll(mock, pins.proxy), await startAll(mock, pins.both, { cores: 2 })];
  const subjects = [...one.map(label(1)), ...two.map(label(2))];
  const once = (proxy) => measure(proxy, { ...LOAD, seconds: options.seconds }, { pin: [...NICED, ...pins.both] });
  const results = await interleave(options.fewerRounds, subjects, once);
  const rows = one.map(({ name }) => columns(name, results[`${name} on 1`], results[`${name} on 2`]));
  report("Two cores against one, 64 connections", rows);
}

function columns(proxy, one, two) {
  const [cpu, rate] = [({ cpu, count }) => cpu / count, ({ count, seconds }) => count / seconds];
  return {
    proxy,
    "CPU µs on 1": fixed(middle(one, cpu), 1),
    "CPU µs on 2": fixed(middle(two, cpu), 1),
    "requests/s on 1": Math.round(middle(one, rate)),
    "requests/s on 2": Math.round(middle(two, rate)),
    "throughput ratio": fixed(middle(two, rate) / middle(one, rate), 2),
    "by CPU time": fixed((2 * middle(one, cpu)) / middle(two, cpu), 2),
  };
}
