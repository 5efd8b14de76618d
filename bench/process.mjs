// What Linux says of a running process and its children: CPU time and memory.

import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";

const TICK_US = 1_000_000 / Number(execFileSync("getconf", ["CLK_TCK"]));

/** CPU time in µs, user and system, ended threads included. Counted in steps of a clock tick, 10 ms as a rule. */
export function cpuTime(pid) {
  return sum(tree(pid).map((member) => statTime(`/proc/${member}/stat`)));
}

/** CPU time in µs by thread name, numbers at the names' ends left out. Precise, but ended threads are missing. */
export function cpuTimeByThread(pid) {
  const times = new Map();
  for (const thread of tree(pid).flatMap(threads)) {
    const found = threadTime(thread);
    if (found) times.set(found.name, (times.get(found.name) ?? 0) + found.time);
  }
  return times;
}

/** Resident memory in KiB now. */
export function residentMemory(pid) {
  return fromStatus(pid, "VmRSS");
}

/** Resident memory in KiB that is not of files: without the pages of the program's own code, which come when they are first used. */
export function heapMemory(pid) {
  return fromStatus(pid, "RssAnon");
}

/** The most resident memory in KiB there has been at any time; of children, the sum of their peaks. */
export function peakMemory(pid) {
  return fromStatus(pid, "VmHWM");
}

function threadTime(thread) {
  try {
    const name = readFileSync(`${thread}/comm`, "utf8").trim().replace(/[-_ ]?\d+$/, "");
    return { name, time: Number(readFileSync(`${thread}/schedstat`, "utf8").split(" ")[0]) / 1000 };
  } catch (error) {
    // It ended just now.
    if (error.code !== "ENOENT" && error.code !== "ESRCH") throw error;
    return undefined;
  }
}

function statTime(file) {
  // The name in parentheses may hold spaces; utime and stime are the 12th and 13th field after it.
  const fields = readFileSync(file, "utf8").split(") ").at(-1).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * TICK_US;
}

function fromStatus(pid, field) {
  const value = (member) => readFileSync(`/proc/${member}/status`, "utf8").match(new RegExp(`${field}:\\s+(\\d+)`))[1];
  return sum(tree(pid).map((member) => Number(value(member))));
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
