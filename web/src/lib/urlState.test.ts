import { createApp, nextTick } from "vue";
import { describe, expect, it } from "vitest";
import { createMemoryHistory, createRouter } from "vue-router";

import { flag, oneOf, positive, text, useUrlState } from "./urlState";

async function stateAt(path: string) {
  const router = createRouter({ history: createMemoryHistory(), routes: [{ path: "/list", component: {} }] });
  await router.push(path);
  const app = createApp({}).use(router);
  const state = app.runWithContext(() =>
    useUrlState({ q: text(), page: positive(), order: oneOf(["asc", "desc"], "asc"), live: flag() }),
  );
  const settled = async () => {
    await nextTick();
    await new Promise((done) => setTimeout(done));
    return router.currentRoute.value.fullPath;
  };
  return { state, settled };
}

describe("state in the address", () => {
  it("is read from there, and what makes no sense is as if it were not there", async () => {
    const { state } = await stateAt("/list?q=a%20b&page=3&order=desc&live=1");
    expect([state.q.value, state.page.value, state.order.value, state.live.value]).toEqual(["a b", 3, "desc", true]);
    const { state: odd } = await stateAt("/list?page=-1&order=up&live=maybe");
    expect([odd.page.value, odd.order.value, odd.live.value]).toEqual([1, "asc", false]);
  });

  it("is written all at once, beside what else stands there", async () => {
    const { state, settled } = await stateAt("/list?other=x");
    state.q.value = "late";
    state.page.value = 2;
    expect(await settled()).toBe("/list?other=x&q=late&page=2");
    state.q.value = "";
    state.page.value = 1;
    expect(await settled()).toBe("/list?other=x");
  });
});
