// What nodes share: a PostgreSQL and a Redis on free loopback ports, with folders of their own.

import { execFileSync } from "node:child_process";
import { chownSync, existsSync, readdirSync } from "node:fs";
import { join } from "node:path";

import { newFolder, start, waitFor } from "../scripts/servers.mjs";
import { freePort } from "./proxies.mjs";

const START_LIMIT_MS = 30_000;
const VERSIONS = "/usr/lib/postgresql";
const NOBODY = 65534;
// Commands that are sent once a connection, and those of who counts.
const CONNECTING = /^(auth|client|command|config|hello|info|ping|subscribe)/;

/** Its `dsn`, and `transactions()`: how many there have been. */
export async function startPostgres(pin) {
  const [folder, port] = [newFolder(), await freePort()];
  const data = join(folder, "data");
  const isRoot = process.getuid() === 0;
  // The server refuses to run as root.
  const asNobody = isRoot ? ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", "--"] : ["env"];
  if (isRoot) chownSync(folder, NOBODY, NOBODY);
  const run = ([command, ...args]) => execFileSync(command, args, { cwd: "/", encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
  run([...asNobody, program("initdb"), "-D", data, "-U", "tester", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"]);
  await startAt(port, [...pin, ...asNobody, program("postgres"), "-D", data, "-k", folder, "-p", port, "-c", "listen_addresses=127.0.0.1"]);
  const ask = (sql) => run([program("psql"), "-XAtq", "-h", "127.0.0.1", "-p", port, "-U", "tester", "-d", "postgres", "-c", sql]);
  await waitFor("PostgreSQL to answer", START_LIMIT_MS, () => attempt(() => ask("SELECT 1")));
  ask("CREATE DATABASE nodes");
  return {
    dsn: `postgres://tester@127.0.0.1:${port}/nodes?sslmode=disable`,
    transactions: () => Number(ask("SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = 'nodes'")),
  };
}

/** Its `dsn`, and `commands()`: how many it has been sent. */
export async function startRedis(pin) {
  const [folder, port] = [newFolder(), await freePort()];
  await startAt(port, [...pin, "redis-server", "--port", port, "--bind", "127.0.0.1", "--save", "", "--dir", folder]);
  const ask = (...args) => execFileSync("redis-cli", ["-p", port, ...args], { encoding: "utf8" });
  await waitFor("Redis to answer", START_LIMIT_MS, () => attempt(() => ask("PING")).includes("PONG"));
  const calls = () => [...ask("INFO", "commandstats").matchAll(/^cmdstat_([^:]+):calls=(\d+)/gm)];
  const commands = () => calls().reduce((sum, [, name, count]) => sum + (CONNECTING.test(name) ? 0 : Number(count)), 0);
  return { dsn: `redis://127.0.0.1:${port}`, commands };
}

/** A server that speaks no HTTP. */
function startAt(port, command) {
  return start(["sh", "-c", `echo "listening on http://127.0.0.1:${port} "; exec "$@"`, "sh", ...command.map(String)]);
}

function attempt(ask) {
  try {
    return ask();
  } catch {
    return "";
  }
}

/** Debian keeps the programs of each version apart. */
function program(name) {
  const versions = existsSync(VERSIONS) ? readdirSync(VERSIONS).sort().reverse() : [];
  return versions.map((version) => join(VERSIONS, version, "bin", name)).find(existsSync) ?? name;
}
