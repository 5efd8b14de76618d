// Puts load on a URL by the load client of testkit.

import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

import { binary } from "../scripts/servers.mjs";

const GRACE_MS = 60_000;

/**
 * Runs the load client and gives its report. `load` holds its options: connections, seconds, bodyBytes, perSecond, stream.
 * `moments.measuring` is called when the measurement begins; `moments.measured` when it ends, while streams are still open.
 */
export async function putLoad({ url, bearer }, load, { pin = [], moments = {} }) {
  const [command, ...args] = [...pin, binary("release", "load-client"), url, ...flags({ bearer, ...load })];
  const client = spawn(command, args, { stdio: ["ignore", "pipe", "inherit"], timeout: load.seconds * 1000 + GRACE_MS });
  let report;
  for await (const line of createInterface({ input: client.stdout })) {
    if (line.startsWith("{")) report = JSON.parse(line);
    else moments[line]?.();
  }
  if (!report) throw new Error(`no result of the load on ${url}`);
  if (report.failed > 0 || report.count === 0) throw new Error(`${report.failed} of ${report.sent} requests to ${url} failed`);
  return report;
}

function flags(options) {
  return Object.entries(options).flatMap(([name, value]) => {
    const flag = `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
    if (value === undefined || value === false) return [];
    return value === true ? [flag] : [flag, String(value)];
  });
}
