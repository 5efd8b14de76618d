// Takes the pictures of the console in docs/console: node scripts/pictures.mjs [PROFILE]. A mock provider stands for all of them.
// Needs a built server and mock provider, web/dist, Chromium and SQLite's shell.

import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { newFolder, runWithServers, startGateway, startMock, stop } from "./servers.mjs";

const { chromium } = createRequire(new URL("../web/package.json", import.meta.url))("@playwright/test");

const OUT = process.env.OUT ?? fileURLToPath(new URL("../docs/console", import.meta.url));
const LOCALE = process.env.LOCALE ?? "en-US";
const WIDTH = Number(process.env.WIDTH ?? 1440);
const DAYS = 31;
const AT_ONCE = 20;

/** So many keys, and of a hundred so many that are of no use. */
const GROUPS = [
  { name: "openai-main", title: "OpenAI main", channel: "openai", keys: 1200, bad: { dead: 2, limited: 5, quota: 3 }, models: ["gpt-5", "gpt-5-mini", "gpt-4.1"], calls: 450, busy: 900 },
  { name: "openai-batch", title: "OpenAI batch", channel: "openai", keys: 80, bad: { limited: 10 }, models: ["gpt-5-nano"], calls: 50, busy: 260 },
  { name: "claude-team", title: "Claude for the team", channel: "anthropic", keys: 24, bad: { dead: 4 }, models: ["claude-sonnet-4-5"], calls: 40, busy: 140 },
  { name: "gemini-free", title: "Gemini free tier", channel: "gemini", keys: 5000, bad: { dead: 6, limited: 9 }, models: ["gemini-2.5-flash"], calls: 120, busy: 480 },
];
const WORDS = "Summarise this ticket in one sentence.";
const messages = [{ role: "user", content: WORDS }];
const CALLS = {
  openai: (model) => ["/v1/chat/completions", { model, messages }],
  anthropic: (model) => ["/v1/messages", { model, messages, max_tokens: 200 }],
  gemini: (model) => [`/v1beta/models/${model}:generateContent`, { contents: [{ parts: [{ text: WORDS }] }] }],
};

await runWithServers(async () => {
  const profile = process.argv[2] ?? "debug";
  const mock = await startMock(profile);
  const folder = newFolder();
  const env = { AUTH_KEY: secretOf("admin"), ENCRYPTION_KEY: secretOf("encryption") };
  const first = await startGateway(profile, { folder, env });
  const groups = await makeGroups(first.admin, mock);
  await stop(first);
  sqlite(folder, history(groups));

  const gateway = await startGateway(profile, { folder, env });
  for (const group of groups) await sendTraffic(gateway, group);
  const retried = await gateway.admin.call("GET", "/api/logs?request_type=retry&group_name=openai-main&page_size=1");
  // The mock provider's address says nothing to the reader.
  sqlite(folder, `PRAGMA busy_timeout = 5000; UPDATE request_logs SET upstream_addr = replace(upstream_addr, '${mock.url}', 'https://api.openai.com');`);
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox", "--disable-gpu"] });
  mkdirSync(OUT, { recursive: true });
  for (const theme of ["light", "dark"]) await takeAll(browser, gateway, { groups, story: retried.items[0].request_id, theme });
  await browser.close();
});

async function makeGroups(admin, mock) {
  await admin.call("PUT", "/api/settings", {
    app_url: "https://llm.example.com",
    proxy_keys: secretOf("every group"),
    request_log_write_interval_minutes: 0,
    enable_request_body_logging: true,
  });
  const made = [];
  for (const group of GROUPS.toReversed()) {
    const keys = Array.from({ length: group.keys }, (_, at) => keyOf(group, at));
    const { name, channel, title, models } = group;
    const proxyKey = secretOf(name);
    const rules = { display_name: title, test_model: models[0], proxy_keys: proxyKey };
    const { id } = await admin.createGroup({ name, channel, upstream: mock.url, keys, config: { blacklist_threshold: 1 }, rules });
    made.unshift({ ...group, id, proxyKey });
  }
  const all = await admin.call("POST", "/api/groups", { name: "openai", display_name: "All of OpenAI", group_type: "aggregate", channel_type: "openai" });
  const members = [{ group_id: made[0].id, weight: 30 }, { group_id: made[1].id, weight: 10 }];
  await admin.call("POST", `/api/groups/${all.id}/sub-groups`, { sub_groups: members });
  await admin.call("POST", "/api/keys/disable-multiple", { group_id: made[0].id, keys_text: [301, 302, 303].map((at) => keyOf(made[0], at)).join("\n") });
  return [...made, { ...all, busy: 220, aggregate: true }];
}

/** A secret that nothing warns of. */
function secretOf(what) {
  return `Pk1-${createHash("sha256").update(what).digest("base64url")}`;
}

/** A key that looks like one; the word in it says how the mock provider treats it. Always the same, so that pictures differ by the console alone. */
function keyOf({ name, bad }, at) {
  const random = createHash("sha256").update(`${name} ${at}`).digest();
  let left = random[0] % 100;
  const word = Object.entries(bad).find(([, share]) => (left -= share) < 0)?.[0] ?? "live";
  return `sk-${word}-${random.toString("base64url").replaceAll("-", "x").slice(0, 24)}`;
}

/** A month of hourly figures: busy days, quiet nights and weekends, a bad hour now and then. */
function history(groups) {
  const hour = Math.floor(Date.now() / 3_600_000);
  const rows = [];
  for (const { id, busy, name } of groups) {
    for (let back = 1; back < DAYS * 24; back += 1) {
      const at = new Date((hour - back) * 3_600_000);
      const noise = createHash("sha256").update(`${name} ${back}`).digest()[0] / 255;
      const day = 0.25 + 0.75 * Math.sin((Math.PI * ((at.getUTCHours() + 18) % 24)) / 24) ** 2;
      const week = [0, 6].includes(at.getUTCDay()) ? 0.45 : 1;
      const total = Math.round(busy * day * week * (0.8 + noise * 0.4));
      const failed = Math.round(total * (noise > 0.97 ? 0.12 : 0.004 + noise * 0.01));
      rows.push(`('${at.toISOString().replace("T", " ").slice(0, 19)}+00:00', ${id}, ${total - failed}, ${failed}, datetime(), datetime())`);
    }
  }
  const used = "UPDATE api_keys SET request_count = 150 + id * 7919 % 700, notes = iif(id % 11 = 4, 'search team', iif(id % 17 = 5, 'trial until March', ''));";
  return `${used} INSERT INTO group_hourly_stats (time, group_id, success_count, failure_count, created_at, updated_at) VALUES ${rows.join(",")};`;
}

function sqlite(folder, statements) {
  execFileSync("sqlite3", ["-bail", join(folder, "data/gpt-load.db")], { input: statements });
}

async function sendTraffic(gateway, { name, channel, models, calls, proxyKey }) {
  if (!calls) return;
  let next = 0;
  const client = async () => {
    while (next < calls) {
      const [path, body] = CALLS[channel](models[next++ % models.length]);
      const headers = { authorization: `Bearer ${proxyKey}`, "content-type": "application/json", "user-agent": "OpenAI/Python 2.8.0" };
      await (await fetch(`${gateway.url}/proxy/${name}${path}`, { method: "POST", headers, body: JSON.stringify(body) })).text();
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, client));
}

async function takeAll(browser, gateway, { groups, story, theme }) {
  const context = await browser.newContext({ viewport: { width: WIDTH, height: 900 }, locale: LOCALE, colorScheme: theme, baseURL: gateway.url, timezoneId: "Europe/Berlin" });
  const page = await context.newPage();
  const take = async (name) => {
    await page.mouse.move(0, 0);
    // Fonts, charts and what moves at the beginning.
    await page.waitForTimeout(700);
    await page.screenshot({ path: join(OUT, `${name}-${theme}.png`) });
  };
  await page.goto("/login");
  await take("login");
  await page.evaluate((key) => localStorage.setItem("gpt-load.auth-key", key), gateway.authKey);

  const [main, aggregate] = [groups[0].id, groups.find((group) => group.aggregate).id];
  const views = {
    dashboard: "/?range=7d",
    keys: `/keys/${main}`,
    form: `/keys/${main}/edit`,
    aggregate: `/keys/${aggregate}`,
    logs: "/logs",
    story: `/logs?request=${story}`,
    settings: "/settings",
  };
  // Rate limited keys rest for some seconds only: those of the keys' picture are to be resting.
  await sendTraffic(gateway, { ...groups[0], calls: 420 });
  for (const [name, path] of Object.entries(views)) {
    await page.goto(path);
    await page.locator("h1").waitFor();
    await take(name);
  }
  await context.close();
}
