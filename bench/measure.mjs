// Measuring: load on a proxy beside the CPU time it takes, in rounds that take turns.

import { putLoad } from "./load.mjs";
import { cpuTime, cpuTimeByThread } from "./process.mjs";
import { DATABASE_THREADS } from "./proxies.mjs";

export const CHAT = "/v1/chat/completions";

/**
 * The load client's report, and the CPU time in µs that the proxy took: the `database` writer's, and `cpu`, all the rest; by
 * thread, too. Of requests, the log is stored to its last row within the measurement; of streams, nothing is.
 */
export async function measure(proxy, load, { group = "base", path = CHAT, pin, onMeasured }) {
  let [before, after] = [];
  const moments = {
    measuring: () => (before = usage(proxy)),
    measured: () => {
      after = usage(proxy);
      onMeasured?.();
    },
  };
  const report = await putLoad(proxy.target(group, path), load, { pin, moments });
  if (!load.stream) {
    await proxy.settled?.();
    after = usage(proxy);
  }
  const threads = new Map([...after.threads].map(([name, time]) => [name, time - (before.threads.get(name) ?? 0)]));
  const database = [...threads].reduce((sum, [name, time]) => sum + (DATABASE_THREADS.test(name) ? time : 0), 0);
  return { ...report, database, cpu: after.all - before.all - database, threads };
}

/** Measures each subject once a round, in turn and in turned order, and gives the results of each by its name. */
export async function interleave(rounds, subjects, once) {
  const results = Object.fromEntries(subjects.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round += 1) {
    const order = round % 2 === 0 ? subjects : subjects.toReversed();
    for (const subject of order) results[subject.name].push(await once(subject));
  }
  return results;
}

export function median(numbers) {
  const sorted = numbers.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** The median of what `read` gives of each result. */
export function middle(results, read) {
  return median(results.map(read));
}

/** The median of the ratios within the rounds. */
export function ratio(results, others, read) {
  return median(results.map((result, round) => read(result) / read(others[round])));
}

/** Columns that tell CPU time by unit (such as a request), its spread, and its ratio to nginx. */
export function cpuColumns(results, name, label, read) {
  const own = results[name].map(read);
  return {
    [label]: fixed(median(own), 1),
    "(least – most)": `${fixed(Math.min(...own), 1)} – ${fixed(Math.max(...own), 1)}`,
    "to nginx": fixed(ratio(results[name], results.nginx, read), 2),
  };
}

export function fixed(number, digits) {
  return Number.isFinite(number) ? number.toFixed(digits) : "-";
}

function usage({ pid }) {
  return pid ? { all: cpuTime(pid), threads: cpuTimeByThread(pid) } : { all: 0, threads: new Map() };
}
