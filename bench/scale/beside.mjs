// What others feel while something large is going on: a trickle of calls, each timed.

import { Agent, request } from "node:http";
import { performance } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";

/** Makes `call` every `everyMs` while `work` goes on. Gives the work's result, how long it took, and the calls' times. */
export async function beside(call, everyMs, work) {
  let isOver = false;
  const times = [];
  const trickle = (async () => {
    while (!isOver) {
      const { ms } = await timed(call);
      times.push(ms);
      await sleep(Math.max(0, everyMs - ms));
    }
  })();
  const { ms, result } = await timed(work).finally(() => (isOver = true));
  await trickle;
  return { result, ms, times: times.sort((a, b) => a - b) };
}

/** How long `work` takes, and what it gives. */
export async function timed(work) {
  const start = performance.now();
  const result = await work();
  return { ms: performance.now() - start, result };
}

/** The time within which so many of `times`, which are sorted, lie. */
export function quantile(times, share) {
  return times[Math.min(times.length - 1, Math.floor(times.length * share))];
}

/** A client that asks `group` for a word over a connection that it keeps. */
export function client(group) {
  const agent = new Agent({ keepAlive: true });
  const headers = { authorization: `Bearer ${group.proxyKey}`, "content-type": "application/json" };
  const body = JSON.stringify({ model: "any", messages: [{ role: "user", content: "hi" }] });
  return () =>
    new Promise((done, failed) => {
      const sent = request(`${group.url}/v1/chat/completions`, { method: "POST", agent, headers }, (answer) => {
        answer.resume();
        answer.on("end", () => (answer.statusCode === 200 ? done() : failed(new Error(`a request got ${answer.statusCode}`))));
      });
      sent.on("error", failed);
      sent.end(body);
    });
}
