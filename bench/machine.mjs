// What the figures were measured on, and how its cores are shared out.

import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { cpus, loadavg, release } from "node:os";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Commands that pin a program: to the proxies' core, to the core of load and provider, to both. */
export function pins() {
  const allowed = readFileSync("/proc/self/status", "utf8").match(/Cpus_allowed_list:\s+(\S+)/)[1];
  const cores = allowed.split(",").flatMap((range) => {
    const [first, last = first] = range.split("-").map(Number);
    return Array.from({ length: last - first + 1 }, (_, at) => first + at);
  });
  if (cores.length < 2) throw new Error("two cores are needed: one for the proxies, one for the load");
  const pin = (...chosen) => ["taskset", "-c", chosen.join(",")];
  return { proxy: pin(cores[0]), load: pin(cores[1]), both: pin(cores[0], cores[1]) };
}

/** Machine, versions, and how busy it was before the benchmark. */
export async function machine() {
  const nginx = (await run("nginx", ["-v"])).stderr.trim().replace("nginx version: ", "");
  const haproxy = (await run("haproxy", ["-v"])).stdout.match(/version ([^-\s]+)/)[1];
  return {
    date: new Date().toISOString().slice(0, 16),
    cpu: `${cpus()[0].model.trim()}, ${cpus().length} cores`,
    linux: release(),
    nginx,
    haproxy: `HAProxy ${haproxy}`,
    "load before": loadavg()[0].toFixed(2),
  };
}
