// What a proxied request costs gpt-load in CPU time, beside nginx.
// Usage: node bench/run.mjs [--rounds N] [--seconds N] [--connections N,N,…]
//
// Both proxies run on one core, the mock provider and wrk on another. Rounds of the two take turns, so that whatever else
// the machine does hurts both; medians of CPU time by request and of the ratios within a round are told. CPU time is
// user and system time of the whole process tree. The threads that write gpt-load's log to SQLite are told apart: what
// they do is no part of a request, and goes on after it.

import { execFile } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { cpus, release } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs, promisify } from "node:util";

import { newFolder, runWithServers, start, startGateway, startMock, waitFor } from "../scripts/servers.mjs";
import { printTable } from "../scripts/table.mjs";
import { cpuTime, cpuTimeByThread, residentMemory } from "./process.mjs";

const run = promisify(execFile);
const HERE = fileURLToPath(new URL(".", import.meta.url));
const KEYS = 100;
const MAX_SECONDS_IN_ALL = 1800;
const MAX_CONNECTIONS = 500;
const LOG_LIMIT_MS = 300_000;
const DATABASE_THREADS = /^sqlx-/;

const options = readOptions();
const [proxyCore, loadCore] = twoCores();

await runWithServers(async () => {
  const mock = await startMock("release", { pin: loadCore });
  const nginx = { name: "nginx", ...(await startNginx(mock)) };
  const gptLoad = { name: "gpt-load", ...(await startGptLoad(mock)) };
  const proxies = [nginx, gptLoad];
  console.log(await circumstances());

  const idle = proxies.map(({ pid }) => residentMemory(pid));
  for (const proxy of proxies) await round(proxy, 8);

  const threads = cpuTimeByThread(gptLoad.pid);
  const rowsBefore = await logRows(gptLoad);
  const rounds = [];
  for (const connections of options.connections) rounds.push(...(await interleaved(proxies, connections)));
  const rows = options.connections.flatMap((connections) => proxies.map((proxy) => summary(rounds, proxy, connections)));
  printTable("POST of 1 KB, answer of 1 KB", rows);
  printTable("Resident memory, MiB", proxies.map(({ name, pid }, at) => memory(name, idle[at], residentMemory(pid))));

  const stored = (await allLogRows(gptLoad)) - rowsBefore;
  const shares = threadShares(threads, cpuTimeByThread(gptLoad.pid), stored);
  printTable(`gpt-load's CPU time by thread, for ${stored} requests and the rows of their log`, shares);
});

function readOptions() {
  const { values } = parseArgs({
    options: {
      rounds: { type: "string", default: "5" },
      seconds: { type: "string", default: "3" },
      connections: { type: "string", default: "1,8,64" },
    },
  });
  const [rounds, seconds] = [values.rounds, values.seconds].map(Number);
  const connections = values.connections.split(",").map(Number);
  const whole = [rounds, seconds, ...connections].every((number) => Number.isInteger(number) && number >= 1);
  const inAll = 2 * rounds * seconds * connections.length;
  if (!whole || inAll > MAX_SECONDS_IN_ALL || Math.max(...connections) > MAX_CONNECTIONS) {
    console.error("error: --rounds, --seconds and --connections are whole numbers from 1");
    console.error(`connections are up to ${MAX_CONNECTIONS}, and all rounds together take up to ${MAX_SECONDS_IN_ALL} s`);
    process.exit(2);
  }
  return { rounds, seconds, connections };
}

/** The commands that pin a program to one of two cores. */
function twoCores() {
  const allowed = readFileSync("/proc/self/status", "utf8").match(/Cpus_allowed_list:\s+(\S+)/)[1];
  const cores = allowed.split(",").flatMap((range) => {
    const [first, last = first] = range.split("-").map(Number);
    return Array.from({ length: last - first + 1 }, (_, at) => first + at);
  });
  if (cores.length < 2) throw new Error("two cores are needed: one for the proxies, one for the load");
  return cores.slice(0, 2).map((core) => ["taskset", "-c", String(core)]);
}

async function startNginx(mock) {
  const folder = newFolder();
  const port = await freePort();
  const template = readFileSync(join(HERE, "nginx.conf"), "utf8");
  const config = join(folder, "nginx.conf");
  const values = { DIR: folder, PORT: port, PROVIDER: new URL(mock.url).host };
  writeFileSync(config, template.replaceAll(/\b(DIR|PORT|PROVIDER)\b/g, (name) => values[name]));
  const server = await start([...proxyCore, "nginx", "-c", config], { listensAt: `http://127.0.0.1:${port}` });
  return { ...server, target: `${server.url}/v1/chat/completions`, proxyKey: "none" };
}

async function startGptLoad(mock) {
  const gateway = await startGateway("release", { pin: proxyCore });
  const keys = Array.from({ length: KEYS }, (_, number) => `sk-ok-${number}`);
  const group = await gateway.admin.createGroup({ name: "bench", upstream: `${mock.url}/bench`, keys });
  return { ...gateway, group, target: `${group.url}/v1/chat/completions`, proxyKey: group.proxyKey };
}

async function freePort() {
  const server = createServer();
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address();
  await new Promise((done) => server.close(done));
  return port;
}

async function circumstances() {
  const nginx = (await run("nginx", ["-v"])).stderr.trim().replace("nginx version: ", "");
  const { rounds, seconds } = options;
  const machine = `${cpus()[0].model}, ${cpus().length} cores, Linux ${release()}, ${nginx}`;
  const pins = `proxies: ${proxyCore.join(" ")}; load and provider: ${loadCore.join(" ")}`;
  return `${machine}\n${rounds} interleaved rounds of ${seconds} s each; ${pins}\n`;
}

async function interleaved(proxies, connections) {
  const rounds = [];
  for (let number = 0; number < options.rounds; number += 1) {
    const order = number % 2 === 0 ? proxies : proxies.toReversed();
    for (const proxy of order) rounds.push({ number, ...(await round(proxy, connections)) });
  }
  return rounds;
}

async function round(proxy, connections) {
  const before = usage(proxy.pid);
  const wrk = ["wrk", "-t1", `-c${connections}`, `-d${options.seconds}s`, "-s", join(HERE, "chat.lua"), proxy.target];
  const env = { PATH: process.env.PATH, PROXY_KEY: proxy.proxyKey };
  const [command, ...args] = [...loadCore, ...wrk];
  const { stdout } = await run(command, args, { env, timeout: (options.seconds + 30) * 1000 });
  const after = usage(proxy.pid);
  const [requests, failed, durationUs, p50, p99] = stdout.match(/^RESULT (.*)$/m)[1].split(" ").map(Number);
  if (failed > 0 || requests === 0) throw new Error(`${failed} of ${requests} requests failed at ${proxy.name}:\n${stdout}`);
  const all = (after.all - before.all) / requests;
  const database = (after.database - before.database) / requests;
  const rate = (requests / durationUs) * 1e6;
  return { proxy: proxy.name, connections, all, cpu: all - database, rate, p50, p99 };
}

function usage(pid) {
  const database = Array.from(cpuTimeByThread(pid)).filter(([thread]) => DATABASE_THREADS.test(thread));
  return { all: cpuTime(pid), database: total(database.map(([, time]) => time)) };
}

function summary(rounds, { name }, connections) {
  const at = (proxy) => rounds.filter((round) => round.connections === connections && round.proxy === proxy);
  const own = at(name);
  const cpu = own.map((round) => round.cpu);
  const ratios = own.map((round) => round.cpu / at("nginx").find(({ number }) => number === round.number).cpu);
  return {
    connections,
    proxy: name,
    "CPU µs": fixed(median(cpu), 1),
    "(least – most)": `${fixed(Math.min(...cpu), 1)} – ${fixed(Math.max(...cpu), 1)}`,
    "to nginx": fixed(median(ratios), 2),
    "with database": fixed(median(own.map((round) => round.all)), 1),
    "p50 µs": median(own.map((round) => round.p50)),
    "p99 µs": median(own.map((round) => round.p99)),
    "requests/s": Math.round(median(own.map((round) => round.rate))),
  };
}

function threadShares(before, after, requests) {
  const shares = Array.from(after, ([thread, time]) => ({ thread, share: (time - (before.get(thread) ?? 0)) / requests }));
  const used = shares.filter(({ share }) => share >= 0.05).sort((a, b) => b.share - a.share);
  return used.map(({ thread, share }) => ({ thread, "CPU µs a request": fixed(share, 1) }));
}

function memory(proxy, idle, loaded) {
  return { proxy, idle: fixed(idle, 1), "after the rounds": fixed(loaded, 1) };
}

/** Waits until the log is stored to its last row, and gives the number of its rows. */
async function allLogRows(gateway) {
  await gateway.admin.call("PUT", "/api/settings", { request_log_write_interval_minutes: 0 });
  let rows = 0;
  await waitFor("the log to be stored", LOG_LIMIT_MS, async () => {
    const last = rows;
    await sleep(1000);
    rows = await logRows(gateway);
    return rows > 0 && rows === last;
  });
  return rows;
}

async function logRows({ admin, group }) {
  return (await admin.call("GET", `/api/groups/${group.id}/stats`)).stats_24_hour.total_requests;
}

function total(numbers) {
  return numbers.reduce((sum, number) => sum + number, 0);
}

function median(numbers) {
  const sorted = numbers.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

function fixed(number, digits) {
  return Number.isFinite(number) ? number.toFixed(digits) : "-";
}
