// Whether gpt-load holds what it promises about large databases.
// Usage: node bench/scale.mjs [--only PART,…] [--keys N] [--logs N] [--encrypted] [--dsn DSN] [--json FILE]
//
// Each part starts a gpt-load of its own with an empty data folder, fills it through the API, and measures beside a trickle of
// requests what an operator and the clients would feel. Each row of its table tells the limit and what was measured. The keys may
// stand in an empty database of a server, by its DATABASE_DSN.

import { writeFileSync } from "node:fs";
import { cpus, loadavg, release } from "node:os";
import { parseArgs } from "node:util";

import { runWithServers, startMock } from "../scripts/servers.mjs";
import { printTable } from "../scripts/table.mjs";
import { crowd } from "./scale/crowd.mjs";
import { keys } from "./scale/keys.mjs";
import { logs } from "./scale/logs.mjs";

const PARTS = { keys, crowd, logs };
const MOST_KEYS = 10_000_000;
const MOST_LOGS = 100_000_000;

const options = readOptions();

await runWithServers(async () => {
  const circumstances = {
    date: new Date().toISOString().slice(0, 16),
    cpu: `${cpus()[0].model.trim()}, ${cpus().length} cores`,
    linux: release(),
    "load before": loadavg()[0].toFixed(2),
  };
  console.log(`${Object.values(circumstances).join(", ")}\n`);
  const mock = await startMock("release");
  const tables = [];
  for (const name of options.only) {
    const { title, rows } = await PARTS[name]({ mock, options });
    printTable(title, rows);
    tables.push({ title, rows });
  }
  if (options.json) writeFileSync(options.json, `${JSON.stringify({ ...circumstances, tables }, null, 2)}\n`);
});

function readOptions() {
  const { values } = parseArgs({
    options: {
      only: { type: "string", default: Object.keys(PARTS).join(",") },
      keys: { type: "string", default: "1000000" },
      logs: { type: "string", default: "10000000" },
      encrypted: { type: "boolean", default: false },
      dsn: { type: "string" },
      json: { type: "string" },
    },
  });
  const wanted = values.only.split(",");
  const unknown = wanted.filter((name) => !(name in PARTS));
  if (unknown.length > 0) refuse(`--only ${unknown}: there is ${Object.keys(PARTS).join(", ")}`);
  const keys = count("keys", values.keys, MOST_KEYS);
  const logs = count("logs", values.logs, MOST_LOGS);
  return { ...values, only: Object.keys(PARTS).filter((name) => wanted.includes(name)), keys, logs };
}

function count(name, text, most) {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1000 || number > most) refuse(`--${name} ${text}: 1000 to ${most} are possible`);
  return number;
}

function refuse(why) {
  console.error(`error: ${why}`);
  process.exit(2);
}
