// Two nodes on one PostgreSQL and one Redis against one of them alone: what a core's time yields, and what requests cost the shared parts.
// Usage: node bench/cluster.mjs [--rounds N] [--seconds N]
//
// The nodes share a core, so that throughput is told by CPU time; load, provider, database and Redis have the other one. How soon nodes
// agree is told by `make cluster`.

import { loadavg } from "node:os";
import { parseArgs } from "node:util";

import { runWithServers, startGateway, startMock } from "../scripts/servers.mjs";
import { printTable } from "../scripts/table.mjs";
import { pins as corePins } from "./machine.mjs";
import { fixed, interleave, measure, middle, ratio } from "./measure.mjs";
import { logStored } from "./proxies.mjs";
import { startPostgres, startRedis } from "./shared.mjs";

const CONNECTIONS = 32;
const KEYS = 1000;
// So long nothing is stored of the log but in batches of a thousand rows.
const LOG_MINUTES = 60;

const { values } = parseArgs({ options: { rounds: { type: "string", default: "5" }, seconds: { type: "string", default: "3" } } });
const [rounds, seconds] = [Number(values.rounds), Number(values.seconds)];
const pins = corePins();

await runWithServers(async () => {
  console.log(`load before: ${loadavg()[0].toFixed(2)}; ${rounds} rounds of ${seconds} s, ${CONNECTIONS} connections a node\n`);
  const mock = await startMock("release", { pin: pins.load });
  const [postgres, redis] = [await startPostgres(pins.load), await startRedis(pins.load)];
  const env = { DATABASE_DSN: postgres.dsn, REDIS_DSN: redis.dsn };
  const one = await startGateway("release", { pin: pins.proxy, env });
  await one.admin.call("PUT", "/api/settings", { request_log_write_interval_minutes: LOG_MINUTES });
  const keys = Array.from({ length: KEYS }, (_, number) => `sk-${String(number).padStart(40, "0")}`);
  const group = await one.admin.createGroup({ name: "base", upstream: `${mock.url}/bench`, keys });
  const nodes = [one, await startGateway("release", { pin: pins.proxy, env })].map((node) => proxy(node, group));

  const load = (node, time = seconds) => measure(node, { connections: CONNECTIONS, seconds: time }, { pin: pins.load });
  const commands = async () => ({ redis: redis.commands(), database: postgres.transactions() });
  const idle = await between(commands, () => new Promise((done) => setTimeout(done, 10_000)));
  for (const node of nodes) await load(node, 1);

  const subjects = [
    { name: "one", nodes: nodes.slice(0, 1) },
    { name: "two", nodes },
  ];
  const results = await interleave(rounds, subjects, async (subject) => {
    const { result, counted, took } = await between(commands, () => Promise.all(subject.nodes.map((node) => load(node))));
    const sum = (read) => result.reduce((total, report) => total + read(report), 0);
    const [count, cpu] = [sum((report) => report.count), sum((report) => report.cpu)];
    return { count, cpu, rate: count / seconds, redis: counted.redis / took, database: counted.database / took };
  });
  const row = ({ name }) => ({
    nodes: name,
    "CPU µs a request": fixed(middle(results[name], ({ cpu, count }) => cpu / count), 1),
    "requests/s": Math.round(middle(results[name], ({ rate }) => rate)),
    "requests a CPU second, to one node": fixed(ratio(results[name], results.one, ({ cpu, count }) => count / cpu), 2),
    "Redis commands/s": fixed(middle(results[name], ({ redis }) => redis), 1),
    "database transactions/s": fixed(middle(results[name], ({ database }) => database), 1),
  });
  printTable("Two nodes against one", subjects.map(row));
  const bySecond = (name) => fixed(idle.counted[name] / idle.took, 1);
  console.log(`without requests: ${bySecond("redis")} Redis commands/s, ${bySecond("database")} database transactions/s, both nodes together`);
});

function proxy(node, group) {
  const url = `${node.url}/proxy/base`;
  return {
    ...node,
    target: (_group, path) => ({ url: url + path, bearer: group.proxyKey }),
    settled: () => logStored(node.pid),
  };
}

/** What `work` gives, how long it took in seconds, and by how much the counts grew meanwhile. */
async function between(counts, work) {
  const [before, begun] = [await counts(), performance.now()];
  const result = await work();
  const [after, took] = [await counts(), (performance.now() - begun) / 1000];
  const counted = Object.fromEntries(Object.keys(before).map((name) => [name, after[name] - before[name]]));
  return { result, took, counted };
}
