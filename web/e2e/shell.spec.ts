import * as servers from "../../scripts/servers.mjs";
import { expect, test } from "./support/test";
import { lookAt } from "./support/views";

test("pages are reached by the rail and by g and a letter", async ({ page }) => {
  await page.goto("/");
  for (const name of ["Keys", "Logs", "Settings", "Dashboard"]) {
    await page.getByRole("navigation", { name: "Pages" }).getByRole("link", { name }).click();
    await expect(page.getByRole("heading", { level: 1, name })).toBeVisible();
    await expect(page).toHaveTitle(`${name} · GPT-Load`);
  }
  for (const [letter, name] of [["k", "Keys"], ["l", "Logs"], ["s", "Settings"], ["d", "Dashboard"]] as const) {
    await page.keyboard.press("g");
    await page.keyboard.press(letter);
    await expect(page.getByRole("heading", { level: 1, name })).toBeVisible();
  }
});

test("a question mark shows what keys do, Escape closes it and gives the focus back", async ({ page }) => {
  await page.goto("/");
  const link = page.getByRole("link", { name: "Logs" });
  await link.focus();
  await page.keyboard.press("?");
  await expect(page.getByRole("dialog", { name: "Keyboard" })).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(page.getByRole("dialog")).toBeHidden();
  await expect(link).toBeFocused();
});

test("the language is the browser's, and the one that was chosen from then on", async ({ page, browser, gateway }) => {
  for (const [locale, heading] of [["zh-HK", "设置"], ["ja", "設定"], ["fr-FR", "Settings"]] as const) {
    const context = await browser.newContext({ locale, baseURL: gateway.url });
    await context.addInitScript((key) => localStorage.setItem("gpt-load.auth-key", key), gateway.authKey);
    const other = await context.newPage();
    await other.goto("/settings");
    await expect(other.getByRole("heading", { level: 1, name: heading })).toBeVisible();
    await context.close();
  }
  await page.goto("/settings");
  await page.getByRole("button", { name: "Language: English" }).click();
  await page.getByRole("menuitem", { name: "日本語" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "設定" })).toBeVisible();
  // What the server says follows.
  await expect(page.getByRole("heading", { level: 2, name: "キーの検証" })).toBeVisible();
  await page.reload();
  await expect(page.getByRole("heading", { level: 1, name: "設定" })).toBeVisible();
  await expect(page.locator("html")).toHaveAttribute("lang", "ja-JP");
});

test("the theme is the system's until one is chosen", async ({ page }) => {
  const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  await page.emulateMedia({ colorScheme: "light" });
  await page.goto("/");
  const light = await background();
  await page.emulateMedia({ colorScheme: "dark" });
  const dark = await background();
  expect(dark).not.toBe(light);
  await page.getByRole("button", { name: "Theme" }).click();
  await page.getByRole("menuitem", { name: "Light" }).click();
  await expect.poll(background).toBe(light);
  await page.reload();
  await expect.poll(background).toBe(light);
});

test("a server that is gone is said to be, and the page goes on when it is back", async ({ stranger: page }) => {
  const folder = servers.newFolder();
  const first = await servers.startGateway(process.env.PROFILE ?? "debug", { folder });
  await page.addInitScript((key) => localStorage.setItem("gpt-load.auth-key", key), first.authKey);
  await page.goto(`${first.url}/keys`);
  await expect(page.getByText("No groups yet")).toBeVisible();
  await servers.stop(first);
  const away = page.getByText("The server does not answer. What you see may be old");
  await expect(away).toBeVisible();
  await expect(page.getByText("No groups yet")).toBeVisible();
  const again = await servers.startGateway(process.env.PROFILE ?? "debug", { folder, env: { PORT: new URL(first.url).port } });
  await expect(away).toBeHidden();
  await again.admin.createGroup({ name: "made-meanwhile", upstream: "http://127.0.0.1:9", keys: ["sk-one-of-the-keys"] });
  await expect(page.getByText("made-meanwhile").first()).toBeVisible();
  await servers.stop(again);
});

test("what the server lacks is said on every page until it is back", async ({ page }) => {
  // An outage of the database is what the server tells; no database goes away here.
  const told = (away: string[]) => `event: degraded\ndata: ${JSON.stringify({ away })}\n\n`;
  let away = ["database", "redis"];
  await page.route("**/api/events", (route) => route.fulfill({ contentType: "text/event-stream", body: told(away) }));
  await page.goto("/settings");
  const [database, redis] = [page.getByText("The database does not answer"), page.getByText("Redis does not answer")];
  await expect(database).toBeVisible();
  await expect(redis).toBeVisible();
  await page.getByRole("link", { name: "Logs" }).click();
  await expect(database).toBeVisible();
  // The stream ends after each word, and is opened anew.
  away = ["redis"];
  await expect(database).toBeHidden();
  await expect(redis).toBeVisible();
  away = [];
  await expect(redis).toBeHidden();
});

test("the banners can be read by everyone", async ({ page }) => {
  const body = `event: degraded\ndata: {"away":["database","redis"]}\n\n`;
  await page.route("**/api/events", (route) => route.fulfill({ contentType: "text/event-stream", body }));
  await lookAt(page, "degraded", async (page) => {
    await page.goto("/logs");
    await expect(page.getByText("The database does not answer")).toBeVisible();
  });
});

test("nothing is asked of anybody but the server", async ({ page, gateway }) => {
  const asked: string[] = [];
  page.on("request", (request) => asked.push(new URL(request.url()).origin));
  for (const path of ["/", "/keys", "/logs", "/settings"]) {
    await page.goto(path);
    await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
  }
  expect([...new Set(asked)]).toEqual([gateway.url]);
});

test("files are kept by the browser, the page is not", async ({ page, gateway }) => {
  const answers = new Map<string, Record<string, string>>();
  page.on("response", (response) => answers.set(new URL(response.url()).pathname, response.headers()));
  await page.goto("/");
  await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
  expect(answers.get("/")).toMatchObject({ "cache-control": "no-cache", "content-encoding": "br" });
  const scripts = [...answers].filter(([path]) => path.startsWith("/assets/") && path.endsWith(".js"));
  expect(scripts.length).toBeGreaterThan(0);
  for (const [, headers] of scripts) expect(headers["cache-control"]).toContain("immutable");
  const missing = await page.request.get(`${gateway.url}/assets/no-such.js`);
  expect(missing.status()).toBe(404);
});
