// What gpt-load costs beside nginx and HAProxy.
// Usage: node bench/run.mjs [--only SECTION,…] [--rounds N] [--seconds N] [--connections N,N,…] [--json FILE]
//
// The proxies run on one core; the mock provider and the load client on another. Rounds of the proxies take turns, so that
// whatever else the machine does hurts all of them; medians are told, and medians of the ratios within a round. CPU time is
// user and system time of a proxy's process and its children; gpt-load's writer to the database is told apart.

import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";

import { runWithServers, startMock } from "../scripts/servers.mjs";
import { printTable } from "../scripts/table.mjs";
import { machine, pins as corePins } from "./machine.mjs";
import { measure } from "./measure.mjs";
import { direct, startAll } from "./proxies.mjs";
import { bodies } from "./sections/bodies.mjs";
import { cores } from "./sections/cores.mjs";
import { latency } from "./sections/latency.mjs";
import { memory } from "./sections/memory.mjs";
import { requests } from "./sections/requests.mjs";
import { streams } from "./sections/streams.mjs";

/** In the order in which they run; memory comes after all that could make it grow. */
const SECTIONS = { requests, latency, streams, bodies, memory, cores };
const MOST_ROUNDS = 100;
const MOST_SECONDS = 60;
const MOST_CONNECTIONS = 1000;
const WARM_UP = { connections: 8, seconds: 1 };

const options = readOptions();
const pins = corePins();

await runWithServers(async () => {
  const mock = await startMock("release", { pin: pins.load });
  const proxies = await startAll(mock, pins.proxy);
  const circumstances = await machine();
  console.log(Object.values(circumstances).join(", "));
  console.log(`${options.rounds} rounds of ${options.seconds} s each for plain requests, ${options.fewerRounds} for all else\n`);

  const [tables, judged] = [[], []];
  const report = (title, rows) => {
    printTable(title, rows);
    tables.push({ title, rows });
  };
  const judge = (what, limit, measured) => {
    judged.push({ what, "at most": limit, measured: Number(measured.toFixed(2)), "": measured <= limit ? "" : "MISSED" });
  };
  for (const proxy of proxies) await measure(proxy, WARM_UP, { pin: pins.load });
  for (const name of options.only) {
    await SECTIONS[name]({ mock, proxies, direct: direct(mock), options, pins, report, judge });
  }
  report("Limits", judged);
  if (options.json) writeFileSync(options.json, `${JSON.stringify({ ...circumstances, tables }, null, 2)}\n`);
});

function readOptions() {
  const { values } = parseArgs({
    options: {
      only: { type: "string", default: Object.keys(SECTIONS).join(",") },
      rounds: { type: "string", default: "5" },
      seconds: { type: "string", default: "2" },
      connections: { type: "string", default: "1,8,64" },
      json: { type: "string" },
    },
  });
  const wanted = values.only.split(",");
  const unknown = wanted.filter((name) => !(name in SECTIONS));
  if (unknown.length > 0) refuse(`--only ${unknown}: there is ${Object.keys(SECTIONS).join(", ")}`);
  const rounds = whole("rounds", values.rounds, MOST_ROUNDS);
  return {
    only: Object.keys(SECTIONS).filter((name) => wanted.includes(name)),
    rounds,
    // Of everything but plain requests.
    fewerRounds: Math.ceil(rounds * 0.6),
    seconds: whole("seconds", values.seconds, MOST_SECONDS),
    connections: values.connections.split(",").map((number) => whole("connections", number, MOST_CONNECTIONS)),
    json: values.json,
  };
}

function whole(option, text, most) {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1 || number > most) refuse(`--${option} ${text}: a whole number from 1 to ${most} is needed`);
  return number;
}

function refuse(why) {
  console.error(`error: ${why}`);
  process.exit(2);
}
