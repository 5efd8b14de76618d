// Whether the console is as light and quick as it promises: what a first visit loads, how soon a page is painted, how a table scrolls.
// Usage: node bench/console.mjs [PROFILE]; needs a built server and mock provider, web/dist and Debian's Chromium. PROFILE is cargo's.

import { createRequire } from "node:module";

import { runWithServers, startGateway, startMock, waitFor } from "../scripts/servers.mjs";
import { printTable } from "../scripts/table.mjs";

const { chromium } = createRequire(new URL("../web/package.json", import.meta.url))("@playwright/test");

const FIRST_LOAD_LIMIT_KB = 250;
const PAINT_LIMIT_MS = 100;
const KEYS = 100_000;
const CALLS = 400;
const CHROMIUM = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"];
const ROW = "[role=grid] [role=row]:nth-child(2)";
// Name, path, and what is there once the content is.
const PAGES = [["Keys", "/keys", ROW], ["Logs", "/logs", ROW], ["Settings", "/settings", "#page input"], ["Dashboard", "/", "#page svg"]];
const ROUNDS = 5;
// Until a page has fetched the others, and until what it does after it was painted is over.
const SETTLED_MS = 3000;
const PAUSE_MS = 1000;

let isMissed = false;

await runWithServers(async () => {
  const profile = process.argv[2] ?? "release";
  const mock = await startMock(profile);
  const gateway = await startGateway(profile);
  const group = await fill(gateway, mock);
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: CHROMIUM });
  try {
    printTable("First visit, nothing in the browser's cache: JavaScript and CSS as sent", await firstVisits(browser, gateway));
    printTable(`From the click on a page to its painted title, ${ROUNDS} rounds`, await pageChanges(browser, gateway));
    printTable("Frames while a table scrolls 600 px at each one", await scrolling(browser, gateway, group));
  } finally {
    await browser.close();
  }
  return isMissed ? 1 : 0;
});

/** A group with many keys, and some traffic for the log. */
async function fill({ admin }, mock) {
  await admin.call("PUT", "/api/settings", { request_log_write_interval_minutes: 0 });
  const group = await admin.createGroup({ name: "large", upstream: mock.url, keys: ["sk-ok-the-first-one"] });
  const keys = Array.from({ length: KEYS }, (_, at) => `sk-ok-number-${at}`);
  await admin.call("POST", "/api/keys/add-async", { group_id: group.id, keys_text: keys.join("\n") });
  await waitFor("the keys to be imported", 120_000, async () => !(await admin.call("GET", "/api/tasks/status")).is_running);
  const call = async () => {
    const body = JSON.stringify({ model: "gpt-4o", messages: [] });
    await (await fetch(`${group.url}/v1/chat/completions`, { method: "POST", headers: { authorization: `Bearer ${group.proxyKey}` }, body })).text();
  };
  for (let sent = 0; sent < CALLS; sent += 20) await Promise.all(Array.from({ length: 20 }, call));
  return group;
}

async function open(browser, gateway, path, signedIn = true) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, locale: "en-US", baseURL: gateway.url });
  if (signedIn) await context.addInitScript((key) => localStorage.setItem("gpt-load.auth-key", key), gateway.authKey);
  const page = await context.newPage();
  await page.goto(path);
  await page.getByRole("heading", { level: 1 }).waitFor();
  return { context, page };
}

async function firstVisits(browser, gateway) {
  const rows = [];
  for (const [name, path, signedIn] of [["Login", "/login", false], ...PAGES.map(([name, path]) => [name, path, true])]) {
    const { context, page } = await open(browser, gateway, path, signedIn);
    const sizes = await page.evaluate(loadedSizes);
    const kilobytes = sizes.reduce((sum, size) => sum + size, 0) / 1024;
    rows.push({ page: name, files: sizes.length, KB: kilobytes.toFixed(1), limit: FIRST_LOAD_LIMIT_KB, "": verdict(kilobytes <= FIRST_LOAD_LIMIT_KB) });
    await context.close();
  }
  return rows;
}

/** In the page: the sizes of scripts and styles so far, as they were sent. */
function loadedSizes() {
  const files = performance.getEntriesByType("resource").filter(({ name }) => /\.(js|css)$/.test(name));
  return files.map(({ encodedBodySize }) => encodedBodySize);
}

async function pageChanges(browser, gateway) {
  const { context, page } = await open(browser, gateway, "/");
  await page.waitForTimeout(SETTLED_MS);
  const times = new Map(PAGES.map(([name]) => [name, []]));
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const [name, , content] of PAGES) {
      times.get(name).push(await page.evaluate(changeTo, [name, content]));
      await page.waitForTimeout(PAUSE_MS);
    }
  }
  await context.close();
  return PAGES.map(([name]) => {
    const [first, ...further] = times.get(name);
    const worst = (what) => Math.max(...further.map((time) => time[what]));
    const shown = { "first, ms": first.title, "then, worst, ms": worst("title"), "content first, ms": first.content, "content then, ms": worst("content") };
    const isHeld = Math.max(first.title, worst("title")) <= PAINT_LIMIT_MS;
    return { page: name, ...mapValues(shown, (ms) => ms.toFixed(0)), limit: PAINT_LIMIT_MS, "": verdict(isHeld) };
  });
}

function mapValues(object, change) {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, change(value)]));
}

/**
 * In the page: presses a link of the rail; resolves with the milliseconds until the frame is over that has the new title and no longer the
 * old one, and until the one is over that has the content, too.
 */
async function changeTo([name, content]) {
  const link = document.querySelector(`.rail a[aria-label="${name}"]`);
  const title = () => document.querySelector("#page h1");
  const frame = () => new Promise(requestAnimationFrame);
  const before = title();
  const start = performance.now();
  // What is there when a frame begins is painted when the next one does.
  const painted = async (isThere) => {
    while (!isThere()) await frame();
    await frame();
    return performance.now() - start;
  };
  link.click();
  return { title: await painted(() => !before.isConnected && title()), content: await painted(() => document.querySelector(content)) };
}

async function scrolling(browser, gateway, group) {
  const rows = [];
  for (const [name, path] of [["Keys", `/keys/${group.id}`], ["Logs", "/logs"]]) {
    const { context, page } = await open(browser, gateway, path);
    await page.locator("[role=grid] [role=row]").nth(5).waitFor();
    const frames = (await page.evaluate(scroll)).toSorted((a, b) => a - b);
    const at = (share) => frames[Math.min(frames.length - 1, Math.floor(frames.length * share))].toFixed(1);
    rows.push({ table: name, frames: frames.length, "median, ms": at(0.5), "p95, ms": at(0.95), "worst, ms": at(1) });
    await context.close();
  }
  return rows;
}

/** In the page: scrolls the table down and up; resolves with the length of each frame. */
async function scroll() {
  const table = document.querySelector("[role=grid]");
  const frames = [];
  let last = await new Promise(requestAnimationFrame);
  for (let at = 0; at < 120; at += 1) {
    table.scrollTop += at < 60 ? 600 : -600;
    const now = await new Promise(requestAnimationFrame);
    frames.push(now - last);
    last = now;
  }
  return frames;
}

function verdict(isGood) {
  isMissed ||= !isGood;
  return isGood ? "held" : "MISSED";
}
