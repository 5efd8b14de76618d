import { readFileSync } from "node:fs";

import { expect, test } from "./support/test";
import { lookAt } from "./support/views";

type Group = Awaited<ReturnType<typeof makeGroup>>;

let made: Promise<Group> | undefined;

function makeGroup(gateway: Parameters<Parameters<typeof test>[2]>[0]["gateway"], mock: { url: string }) {
  return gateway.admin.createGroup({ name: "main", upstream: mock.url, keys: ["sk-limited-one", "sk-ok-two", "sk-ok-three"] });
}

/** One call by a client; resolves when its answer is there to the last byte. */
async function call(group: Group, body: object, path = "/v1/chat/completions") {
  const headers = { authorization: `Bearer ${group.proxyKey}`, "content-type": "application/json" };
  const answer = await fetch(`${group.url}${path}`, { method: "POST", headers, body: JSON.stringify(body) });
  await answer.text();
  return { status: answer.status, id: answer.headers.get("x-gpt-load-request-id") ?? "" };
}

const chat = (model: string) => ({ model, messages: [{ role: "user", content: "Say hello" }] });

test.beforeEach(async ({ gateway, mock }) => {
  made ??= (async () => {
    await gateway.admin.call("PUT", "/api/settings", { request_log_write_interval_minutes: 0, enable_request_body_logging: true });
    const group = await makeGroup(gateway, mock);
    // The first key is rate limited for each model: the first request for one takes two attempts.
    for (const model of ["gpt-4.1-mini", "gpt-4.1-mini", "gpt-4o"]) await call(group, chat(model));
    return group;
  })();
  await made;
});

test("a request's attempts stand on one time line, and the view can be shared", async ({ page, gateway }) => {
  await page.goto("/logs?rows=retry&model=gpt-4.1-mini");
  const grid = page.getByRole("grid", { name: "Logs" });
  await grid.getByText("Rate limit reached").click();
  const story = page.getByRole("dialog", { name: "A request's story" });
  await expect(story).toContainText("main · gpt-4.1-mini · 2 attempts");
  await expect(story.getByRole("listitem")).toHaveCount(2);
  await expect(story.getByRole("listitem").first()).toContainText("429");
  await expect(story.getByRole("listitem").first()).toContainText(/Rate limited: the key rests .* s/);
  await expect(story.getByRole("listitem").nth(1)).toContainText("Answer passed on");
  await expect(story).toContainText("The client got 200 after");
  await expect(story).toContainText('"content":"Say hello"');
  await page.reload();
  await expect(story.getByRole("listitem")).toHaveCount(2);
  await page.keyboard.press("Escape");
  await expect(story).toBeHidden();
  await expect(page).toHaveURL(`${gateway.url}/logs?rows=retry&model=gpt-4.1-mini`);
});

test("filters narrow the rows, stand in the address and can be cleared", async ({ page }) => {
  await page.goto("/logs");
  const grid = page.getByRole("grid", { name: "Logs" });
  await expect(grid.getByRole("row")).toHaveCount(6);
  await grid.getByRole("button", { name: "gpt-4o" }).first().click();
  await expect(grid.getByRole("row")).toHaveCount(3);
  await expect(page).toHaveURL(/model=gpt-4o/);
  await page.reload();
  await expect(grid.getByRole("row")).toHaveCount(3);
  await page.getByLabel("Status code").fill("500");
  await page.keyboard.press("Enter");
  await expect(grid).toContainText("No row passes these filters");
  await page.getByRole("search").getByRole("button", { name: "Clear filters" }).click();
  await expect(grid.getByRole("row")).toHaveCount(6);
  await expect(page).toHaveURL(/\/logs$/);
});

test("a key leads to its requests and a request to its keys, by what is no secret", async ({ page }) => {
  const group = await makeSure();
  await page.goto("/logs");
  const grid = page.getByRole("grid", { name: "Logs" });
  await grid.getByRole("button", { name: "sk-l****-one" }).first().click();
  await expect(grid.getByRole("row")).toHaveCount(3);
  await expect(page).toHaveURL(/\/logs\?keyId=\d+$/);
  await page.reload();
  await expect(grid.getByRole("row")).toHaveCount(3);

  await grid.getByText("Rate limit reached").first().click();
  await page.getByRole("dialog", { name: "A request's story" }).getByRole("link", { name: "sk-l****-one" }).click();
  await expect(page).toHaveURL(new RegExp(`/keys/${group.id}\\?open=\\d+$`));
  await page.getByRole("dialog", { name: "sk-l****-one" }).getByRole("link", { name: "Show in the log" }).click();
  await expect(page).toHaveURL(/\/logs\?keyId=\d+$/);
  await expect(grid.getByRole("row")).toHaveCount(3);
  await page.getByRole("button", { name: /^Key #\d+$/ }).click();
  await expect(grid.getByRole("row")).toHaveCount(6);
});

test("a key is looked for by its text, which never gets into the address", async ({ page }) => {
  await page.goto("/logs");
  await page.getByRole("button", { name: "More filters" }).click();
  await page.getByLabel("Key", { exact: true }).fill("sk-limited-one");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("grid", { name: "Logs" }).getByRole("row")).toHaveCount(3);
  expect(page.url()).not.toContain("sk-limited");
});

test("columns are chosen and remembered", async ({ page }) => {
  await page.goto("/logs");
  await page.getByRole("button", { name: "Columns" }).click();
  await page.getByRole("menuitem", { name: "Path" }).click();
  await expect(page.getByRole("columnheader", { name: "Path" })).toBeVisible();
  await page.reload();
  await expect(page.getByRole("columnheader", { name: "Path" })).toBeVisible();
  await page.getByRole("button", { name: "Columns" }).click();
  await page.getByRole("menuitem", { name: "Back to the usual columns" }).click();
  await expect(page.getByRole("columnheader", { name: "Path" })).toBeHidden();
});

test("new rows come by themselves while live", async ({ page }) => {
  const group = await makeSure();
  await page.goto("/logs?model=live-model");
  const grid = page.getByRole("grid", { name: "Logs" });
  await expect(grid).toContainText("No row passes these filters");
  await page.getByRole("switch", { name: "Live" }).click();
  await call(group, chat("live-model"));
  await expect(grid.getByRole("row").filter({ hasText: "live-model" })).toHaveCount(1);
});

test("the keys of the rows are exported as a file", async ({ page }) => {
  await page.goto("/logs?model=gpt-4.1-mini");
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Export keys" }).click()]);
  expect(download.suggestedFilename()).toMatch(/^log_keys_export_\d{14}\.csv$/);
  const lines = readFileSync(await download.path(), "utf8").trim().split("\n");
  expect(lines[0]).toBe("key_value,group_name,status_code");
  expect(lines).toContain("sk-limited-one,main,429");
});

test("the log and a story can be used by everyone", async ({ page }) => {
  await lookAt(page, "logs", async (page) => {
    await page.goto("/logs");
    await expect(page.getByRole("grid", { name: "Logs" }).getByText("Rate limit reached").first()).toBeVisible();
  });
  await lookAt(page, "story", async (page) => {
    await page.goto("/logs?rows=retry");
    await page.getByRole("grid", { name: "Logs" }).getByRole("row").nth(1).click({ position: { x: 8, y: 8 } });
    await expect(page.getByRole("dialog", { name: "A request's story" }).getByRole("listitem")).toHaveCount(2);
  });
});

/** The group, once it is made. */
async function makeSure(): Promise<Group> {
  if (!made) throw new Error("no group yet");
  return made;
}
