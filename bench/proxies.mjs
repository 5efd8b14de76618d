// The proxies that are compared, each in front of the mock provider's /bench paths.
//
// Each has a name, a pid, and `target(group, path)`: the URL for a path under /bench, and the token a client needs. Groups are
// gpt-load's, the others have none: `base`, `edited` (overrides, redirect and header rules in force) and `failing`, whose keys
// have rested before.

import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

import { newFolder, start, startGateway, waitFor } from "../scripts/servers.mjs";
import { cpuTimeByThread, residentMemory } from "./process.mjs";

/**
 * Threads that write gpt-load's log from the spool to the database: no part of a request, which is over by then. The control plane
 * does nothing else while requests are measured.
 */
export const DATABASE_THREADS = /^(sqlx|control-plane)/;

const HERE = fileURLToPath(new URL(".", import.meta.url));
const KEYS = 1000;
// When an attempt in five fails, one request in 240 million does; with 7, a run in four would meet one.
const CONFIG = { max_retries: 11 };
const EDITS = {
  param_overrides: { temperature: 0.2, max_tokens: 512 },
  model_redirect_rules: { bench: "bench-large" },
  header_rules: [
    { key: "X-Team", value: "${GROUP_NAME}", action: "set" },
    { key: "X-Debug", action: "remove" },
  ],
};
// The job that stores the log looks four times a second.
const QUIET_LOOKS = 8;
const LOOK_MS = 100;
const LOG_LIMIT_MS = 300_000;

/** No proxy: the provider itself. */
export function direct(mock) {
  return { name: "direct", target: benchTarget(mock.url) };
}

export async function startAll(mock, pin, { cores = 1 } = {}) {
  const proxies = [await startNginx(mock, pin, cores), await startHaproxy(mock, pin, cores), await startGptLoad(mock, pin)];
  await sleep(1000);
  for (const proxy of proxies) {
    proxy.idle = residentMemory(proxy.pid);
    // The others have nothing to be told after their start.
    proxy.started ??= proxy.idle;
  }
  return proxies;
}

async function startNginx(mock, pin, cores) {
  const { config, folder, url } = await configure("nginx.conf", mock, cores);
  const server = await start([...pin, "nginx", "-p", folder, "-c", config], { listensAt: url });
  return { ...server, name: "nginx", target: benchTarget(url) };
}

async function startHaproxy(mock, pin, cores) {
  const { config, url } = await configure("haproxy.cfg", mock, cores);
  const server = await start([...pin, "haproxy", "-db", "-f", config], { listensAt: url });
  return { ...server, name: "HAProxy", target: benchTarget(url) };
}

async function startGptLoad(mock, pin) {
  const gateway = await startGateway("release", { pin });
  await sleep(1000);
  const started = residentMemory(gateway.pid);
  await gateway.admin.call("PUT", "/api/settings", { request_log_write_interval_minutes: 0 });
  const group = (name, rules) =>
    gateway.admin.createGroup({ name, upstream: `${mock.url}/bench`, keys: keys(name), config: CONFIG, rules });
  const groups = { base: await group("base"), edited: await group("edited", EDITS), failing: await group("failing") };
  return {
    ...gateway,
    name: "gpt-load",
    started,
    groups,
    target: (name, path) => ({ url: groups[name].url + path, bearer: groups[name].proxyKey }),
    settled: () => logStored(gateway.pid),
  };
}

function keys(name) {
  return Array.from({ length: KEYS }, (_, number) => `sk-${name}-${String(number).padStart(40, "0")}`);
}

function benchTarget(url) {
  return (_group, path) => ({ url: `${url}/bench${path}`, bearer: "none" });
}

/** Waits until the threads of the database have had nothing to do for a while. */
export async function logStored(pid) {
  let [last, quiet] = [0, 0];
  await waitFor("the log to be stored", LOG_LIMIT_MS, async () => {
    await sleep(LOOK_MS);
    const times = [...cpuTimeByThread(pid)].filter(([name]) => name.startsWith("sqlx"));
    const now = times.reduce((sum, [, time]) => sum + time, 0);
    quiet = now === last ? quiet + 1 : 0;
    last = now;
    return quiet >= QUIET_LOOKS;
  });
}

/** A copy of a configuration in which the words in capitals have their values. */
async function configure(name, mock, cores) {
  const [folder, port] = [newFolder(), await freePort()];
  const values = { DIR: folder, PORT: port, PROVIDER: new URL(mock.url).host, WORKERS: cores };
  const text = readFileSync(join(HERE, name), "utf8");
  const config = join(folder, name);
  writeFileSync(config, text.replaceAll(/\b(DIR|PORT|PROVIDER|WORKERS)\b/g, (word) => values[word]));
  return { config, folder, url: `http://127.0.0.1:${port}` };
}

export async function freePort() {
  const server = createServer();
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address();
  await new Promise((done) => server.close(done));
  return port;
}
