import { test as base, expect, type Page } from "@playwright/test";

import * as servers from "../../../scripts/servers.mjs";

/** `debug`, or `release` with PROFILE=release. */
const PROFILE = process.env.PROFILE ?? "debug";

type Gateway = Awaited<ReturnType<typeof servers.startGateway>>;

interface Worker {
  /** The mock provider: the text of a key says how it behaves. */
  mock: { url: string };
  running: { file?: string; gateway?: Gateway };
}

interface Each {
  /** gpt-load with a data folder of its own for each test file. */
  gateway: Gateway;
  /** A page that is signed in; whatever it complains of in its console fails the test. */
  page: Page;
  /** A page that is not. */
  stranger: Page;
}

export const test = base.extend<Each, Worker>({
  running: [
    async ({}, use) => {
      const running: Worker["running"] = {};
      await use(running);
      if (running.gateway) await servers.stop(running.gateway);
    },
    { scope: "worker" },
  ],
  mock: [
    async ({}, use) => {
      const mock = await servers.startMock(PROFILE);
      await use(mock);
      await servers.stop(mock);
    },
    { scope: "worker" },
  ],
  gateway: async ({ running }, use, { file }) => {
    if (running.file !== file) {
      if (running.gateway) await servers.stop(running.gateway);
      Object.assign(running, { file, gateway: await servers.startGateway(PROFILE) });
    }
    await use(running.gateway as Gateway);
  },
  baseURL: async ({ gateway }, use) => use(gateway.url),
  stranger: async ({ context }, use) => {
    const page = await context.newPage();
    const complaints = listen(page);
    await use(page);
    expect(complaints, "the browser's console").toEqual([]);
  },
  page: async ({ stranger, gateway }, use) => {
    await stranger.addInitScript((key) => localStorage.setItem("gpt-load.auth-key", key), gateway.authKey);
    await use(stranger);
  },
});

export { expect };

/** Errors of scripts and refusals of the content security policy; that a request failed is the tests' own matter. */
function listen(page: Page): string[] {
  const complaints: string[] = [];
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("console", (message) => {
    const isNetwork = message.text().startsWith("Failed to load resource");
    if (["error", "warning"].includes(message.type()) && !isNetwork) complaints.push(message.text());
  });
  return complaints;
}
