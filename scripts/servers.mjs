// Starts the mock provider and gpt-load on free loopback ports, for the demo, the SDK tests and the benchmark.
// Whatever was started is ended by stopAll(), by a signal, or at the latest when this process ends.

import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

import { Admin } from "./admin.mjs";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const TARGET = resolve(ROOT, process.env.CARGO_TARGET_DIR ?? "target");

const START_LIMIT_MS = 30_000;
// The program gives running requests 10 s, and what is to be flushed comes after.
const STOP_LIMIT_MS = 20_000;
const OUTPUT_KEPT_BYTES = 16_384;

const running = new Set();
const folders = new Set();

/** A mock provider; `profile` is cargo's (`debug` or `release`), `pin` a command such as ["taskset", "-c", "1"]. */
export function startMock(profile, { pin = [] } = {}) {
  return start([...pin, binary(profile, "mock-provider"), "--quiet"]);
}

/** gpt-load with an empty data folder of its own, or with the one given; its result has an `admin`, too. */
export async function startGateway(profile, { pin = [], env = {}, folder = newFolder() } = {}) {
  const authKey = env.AUTH_KEY ?? "sk-admin-of-this-run";
  const settings = { HOST: "127.0.0.1", PORT: "0", AUTH_KEY: authKey, ...env };
  const server = await start([...pin, binary(profile, "gpt-load")], { cwd: folder, env: settings });
  return { ...server, authKey, admin: new Admin(server.url, authKey) };
}

/** Starts any program; waits for its line "listening on URL", or, with `listensAt`, until that URL can be reached. */
export async function start(command, { cwd, env = {}, listensAt } = {}) {
  const child = spawn(command[0], command.slice(1), {
    cwd,
    env: { PATH: process.env.PATH, ...env },
    stdio: ["ignore", "pipe", "pipe"],
    // A process group of its own: it can be ended with all its children, and a Ctrl-C reaches only this process.
    detached: true,
  });
  const server = { child, pid: child.pid, output: "", ended: undefined };
  running.add(server);
  child.on("error", (error) => (server.ended = error.message));
  child.on("exit", (code, signal) => (server.ended = signal ?? `exit code ${code}`));
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (text) => (server.output = (server.output + text).slice(-OUTPUT_KEPT_BYTES)));
  }
  const url = await waitFor(`${command.join(" ")} to listen`, START_LIMIT_MS, async () => {
    if (server.ended) throw new Error(`${command.join(" ")} ended (${server.ended}):\n${server.output}`);
    if (listensAt) return (await reachable(listensAt)) && listensAt;
    return server.output.match(/listening on (http:\/\/[\d.:]+\d)\s/)?.[1];
  });
  return { url, pid: child.pid, output: () => server.output };
}

/** An empty folder that stopAll() removes. */
export function newFolder() {
  const folder = mkdtempSync(join(tmpdir(), "gpt-load-"));
  folders.add(folder);
  return folder;
}

/** The path of a program that cargo has built. */
export function binary(profile, name) {
  const path = join(TARGET, profile, name);
  if (!existsSync(path)) throw new Error(`${path} is missing: build it first (make help)`);
  return path;
}

/** Ends one program; its folder stays. */
export async function stop({ pid }) {
  const server = [...running].find((server) => server.pid === pid);
  signal(server, "SIGTERM");
  await waitFor("a server to end", STOP_LIMIT_MS, () => server.ended);
  running.delete(server);
}

/** Ends what was started and removes its folders. */
export async function stopAll() {
  const servers = [...running];
  for (const server of servers) signal(server, "SIGTERM");
  try {
    await waitFor("the servers to end", STOP_LIMIT_MS, () => servers.every((server) => server.ended));
  } finally {
    killAll();
  }
}

/** Looks until `look` gives something true, and gives that back. */
export async function waitFor(what, limitMs, look) {
  const end = Date.now() + limitMs;
  for (;;) {
    const seen = await look();
    if (seen) return seen;
    if (Date.now() > end) throw new Error(`waited ${limitMs / 1000} s in vain for ${what}`);
    await new Promise((done) => setTimeout(done, 20));
  }
}

/** Runs a script that starts servers: ends them afterwards, and makes an error the exit code 1. */
export async function runWithServers(script) {
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(name, () => process.exit(1));
  process.on("exit", killAll);
  try {
    process.exitCode = (await script()) ?? 0;
    await stopAll();
  } catch (error) {
    console.error(`error: ${error.message}`);
    process.exitCode = 1;
    await stopAll().catch(() => undefined);
  }
}

function killAll() {
  for (const server of running) signal(server, "SIGKILL");
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  running.clear();
  folders.clear();
}

function signal(server, name) {
  try {
    if (!server.ended) process.kill(-server.pid, name);
  } catch (error) {
    // It ended just now.
    if (error.code !== "ESRCH") throw error;
  }
}

async function reachable(url) {
  try {
    await fetch(url);
    return true;
  } catch {
    return false;
  }
}
