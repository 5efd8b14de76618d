// What Linux says of a running process: CPU time and memory of its whole tree.

import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";

const TICK_US = 1_000_000 / Number(execFileSync("getconf", ["CLK_TCK"]));

/** CPU time in µs, user and system, of the process and its children, ended threads included. */
export function cpuTime(pid) {
  return sum(tree(pid).map((member) => statTime(`/proc/${member}/stat`)));
}

/** CPU time in µs by thread name, numbers at the names' ends left out. Ended threads are missing. */
export function cpuTimeByThread(pid) {
  const times = new Map();
  for (const thread of threads(pid)) {
    const name = readFileSync(`${thread}/comm`, "utf8").trim().replace(/[-_ ]?\d+$/, "");
    times.set(name, (times.get(name) ?? 0) + statTime(`${thread}/stat`));
  }
  return times;
}

/** Resident memory in MiB. */
export function residentMemory(pid) {
  const sizes = tree(pid).map((member) => Number(readFileSync(`/proc/${member}/status`, "utf8").match(/VmRSS:\s+(\d+)/)[1]));
  return sum(sizes) / 1024;
}

function statTime(file) {
  // The name in parentheses may hold spaces; utime and stime are the 12th and 13th field after it.
  const fields = readFileSync(file, "utf8").split(") ").at(-1).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * TICK_US;
}

function tree(pid) {
  const children = threads(pid).flatMap((thread) => readFileSync(`${thread}/children`, "utf8").split(" "));
  return [pid, ...children.filter((child) => child.trim()).flatMap((child) => tree(child))];
}

function threads(pid) {
  return readdirSync(`/proc/${pid}/task`).map((thread) => `/proc/${pid}/task/${thread}`);
}

function sum(numbers) {
  return numbers.reduce((total, number) => total + number, 0);
}
