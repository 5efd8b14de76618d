import type { Page } from "@playwright/test";

import { expect, test } from "./support/test";
import { lookAt } from "./support/views";

type Admin = Parameters<Parameters<typeof test>[2]>[0]["gateway"]["admin"];

/** Thirty keys: every tenth is refused by the provider. */
const KEYS = Array.from({ length: 30 }, (_, at) => `sk-${at % 10 === 9 ? "dead" : "ok"}-number-${String(at).padStart(4, "0")}`);

const rows = (page: Page) => page.getByRole("grid", { name: "Keys" }).getByRole("row").filter({ has: page.getByRole("gridcell") });
/** As many rows, drawn or not. */
const expectRows = (page: Page, count: number) => expect(page.getByRole("grid", { name: "Keys" })).toHaveAttribute("aria-rowcount", String(count + 1));
const state = (page: Page, name: RegExp) => page.getByRole("group", { name: "Keys by state" }).getByRole("button", { name });
const task = (page: Page) => page.getByRole("region", { name: "Task" });

/** A group of its own for a test, with its dead keys found out. */
async function makeGroup(admin: Admin, upstream: string, name: string) {
  const group = await admin.createGroup({ name, upstream, keys: KEYS, config: { blacklist_threshold: 1 } });
  const dead = KEYS.filter((key) => key.includes("dead"));
  await admin.call("POST", "/api/keys/test-multiple", { group_id: group.id, keys_text: dead.join("\n") });
  return group;
}

test("keys are filtered by state, searched and sorted, and the address keeps it", async ({ page, gateway, mock }) => {
  const { id } = await makeGroup(gateway.admin, mock.url, "filtered");
  await page.goto(`/keys/${id}`);
  await expectRows(page, 30);
  await state(page, /3 out/).click();
  await expectRows(page, 3);
  await expect(rows(page).first()).toContainText("401");
  await page.reload();
  await expectRows(page, 3);
  await state(page, /3 out/).click();
  await expectRows(page, 30);
  await page.getByRole("searchbox", { name: "Last 4 characters, or notes" }).fill("0007");
  await expectRows(page, 1);
  await expect(page).toHaveURL(/q=0007/);
  await page.getByRole("searchbox", { name: "Last 4 characters, or notes" }).fill("none such");
  await expect(page.getByText("No key matches")).toBeVisible();
  await page.getByRole("button", { name: "Show all keys" }).click();
  await page.getByTitle("Sort by Failures").click();
  await expect(rows(page).first()).toContainText("sk-d****");
  await expect(page).toHaveURL(/sort=failure_count&order=desc/);
});

test("why keys are out is said, with how many", async ({ page, gateway, mock }) => {
  const { id } = await makeGroup(gateway.admin, mock.url, "reasons");
  await page.goto(`/keys/${id}`);
  await page.getByText("Why keys are out").click();
  await expect(page.locator("details li")).toHaveText([/^3\s*401\s*Incorrect API key/]);
});

test("a key is masked until it is shown, and copied whole", async ({ page, gateway, mock, context }) => {
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  const { id } = await makeGroup(gateway.admin, mock.url, "secret");
  await page.goto(`/keys/${id}`);
  const row = rows(page).first();
  await expect(row).toContainText("sk-o****0000");
  await row.hover();
  await row.getByRole("button", { name: "Copy" }).click();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe("sk-ok-number-0000");
  await row.getByRole("button", { name: "Show" }).click();
  await expect(row).toContainText("sk-ok-number-0000");
});

test("notes are edited in place: Enter saves, Escape does not", async ({ page, gateway, mock }) => {
  const { id } = await makeGroup(gateway.admin, mock.url, "noted");
  await page.goto(`/keys/${id}`);
  const cell = rows(page).nth(1).getByRole("gridcell").last();
  await cell.getByRole("button").click();
  await page.keyboard.type("of the search team");
  await page.keyboard.press("Enter");
  await expect(cell).toHaveText("of the search team");
  await cell.getByRole("button").click();
  await page.keyboard.type(" and others");
  await page.keyboard.press("Escape");
  await page.reload();
  await expect(cell).toHaveText("of the search team");
});

test("chosen keys are disabled, enabled, restored, tested and deleted", async ({ page, gateway, mock }) => {
  const { id } = await makeGroup(gateway.admin, mock.url, "chosen");
  await page.goto(`/keys/${id}`);
  const bar = page.getByRole("region", { name: "Chosen keys" });
  const more = (name: string) => bar.getByRole("button", { name: "More for the chosen keys" }).click().then(() => page.getByRole("menuitem", { name }).click());
  for (const at of [0, 9]) await rows(page).nth(at).getByRole("checkbox").check();
  await expect(bar).toContainText("2 keys chosen");

  await bar.getByRole("button", { name: "Test 2 keys" }).click();
  const results = page.getByRole("dialog", { name: "Test of 2 keys" });
  await expect(results.getByRole("listitem")).toHaveText([/Works\s*sk-o\*+0000/, /Fails\s*sk-d\*+0009\s*\[status 401\]/]);
  await results.getByRole("button", { name: "Close" }).last().click();

  await bar.getByRole("button", { name: "Restore 2 keys" }).click();
  await expect(page.getByText("1 key restored")).toBeVisible();
  await expect(state(page, /2 out/)).toBeVisible();

  await more("Disable 2 keys");
  await page.getByRole("dialog", { name: "Disable 2 keys?" }).getByRole("button", { name: "Disable 2 keys" }).click();
  await expect(state(page, /2 disabled/)).toBeVisible();
  await more("Enable 2 keys");
  await expect(state(page, /0 disabled/)).toBeVisible();

  await more("Delete 2 keys");
  const asks = page.getByRole("dialog", { name: "Delete 2 keys?" });
  await expect(asks).toContainText("removed from chosen");
  await asks.getByRole("button", { name: "Delete 2 keys" }).click();
  await expect(task(page)).toContainText("2");
  await expectRows(page, 28);
});

test("all keys that match are chosen, beyond the page", async ({ page, gateway, mock }) => {
  const keys = Array.from({ length: 700 }, (_, at) => `sk-ok-many-${String(at).padStart(4, "0")}`);
  const { id } = await gateway.admin.createGroup({ name: "many", upstream: mock.url, keys });
  await page.goto(`/keys/${id}`);
  await expect(page.getByText("1–200 of 700")).toBeVisible();
  await page.getByRole("checkbox", { name: "Select all rows of this page" }).check();
  await page.getByRole("button", { name: "Choose all 700 that match" }).click();
  await page.getByRole("button", { name: "More for the chosen keys" }).click();
  const saved = page.waitForEvent("download");
  await page.getByRole("menuitem", { name: "Export 700 keys" }).click();
  const file = await saved;
  expect(file.suggestedFilename()).toBe("keys-many-all.txt");
  const text = await (await import("node:fs/promises")).readFile(await file.path(), "utf8");
  expect(text.trim().split("\n").sort()).toEqual(keys);
  await page.getByRole("button", { name: "More for the chosen keys" }).click();
  await page.getByRole("menuitem", { name: "Disable 700 keys" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Disable 700 keys" }).click();
  await expect(state(page, /700 disabled/)).toBeVisible();
});

test("keys are added by paste and by a dropped file, and deleted by paste", async ({ page, gateway, mock }) => {
  const { id } = await gateway.admin.createGroup({ name: "fed", upstream: mock.url, keys: ["sk-ok-first-0000"] });
  await page.goto(`/keys/${id}`);
  await page.getByRole("button", { name: "Add keys" }).click();
  const adding = page.getByRole("dialog", { name: "Add keys to fed" });
  await adding.getByRole("textbox", { name: "Keys" }).fill("sk-ok-first-0000, sk-ok-second-0001\nsk-ok-third-0002");
  await adding.getByRole("button", { name: "Add 3 keys" }).click();
  await expect(task(page)).toContainText("2 added, 1 ignored");
  await expectRows(page, 3);

  const transfer = await page.evaluateHandle(() => {
    const files = new DataTransfer();
    files.items.add(new File(["sk-ok-fourth-0003\nsk-ok-fifth-0004"], "keys.txt", { type: "text/plain" }));
    return files;
  });
  await page.getByRole("region", { name: "fed" }).dispatchEvent("drop", { dataTransfer: transfer });
  await expect(adding).toContainText("keys.txt");
  await adding.getByRole("button", { name: "Add keys of the file" }).click();
  await expectRows(page, 5);

  await page.getByRole("button", { name: "More", exact: true }).click();
  await page.getByRole("menuitem", { name: "Delete a list of keys…" }).click();
  const deleting = page.getByRole("dialog", { name: "Delete keys from fed" });
  await deleting.getByRole("textbox", { name: "Keys to delete" }).fill("sk-ok-fourth-0003");
  await deleting.getByRole("button", { name: "Delete 1 key" }).click();
  await expectRows(page, 4);
});

test("what is done to a whole pool asks first: restore, delete invalid ones, delete all", async ({ page, gateway, mock }) => {
  const { id } = await makeGroup(gateway.admin, mock.url, "swept");
  await page.goto(`/keys/${id}`);
  const more = (name: string) => page.getByRole("button", { name: "More", exact: true }).click().then(() => page.getByRole("menuitem", { name }).click());

  await more("Restore all invalid keys…");
  await page.getByRole("dialog", { name: "Restore 3 invalid keys?" }).getByRole("button", { name: "Restore 3 keys" }).click();
  await expect(state(page, /0 out/)).toBeVisible();

  await page.getByRole("button", { name: "Validate" }).click();
  await page.getByRole("menuitem", { name: "All keys" }).click();
  await expect(task(page)).toContainText("27 of 30 keys are good");
  await expect(state(page, /3 out/)).toBeVisible();

  await more("Delete all invalid keys…");
  await page.getByRole("dialog", { name: "Delete 3 invalid keys?" }).getByRole("button", { name: "Delete 3 keys" }).click();
  await expectRows(page, 27);

  await more("Delete all keys…");
  const asks = page.getByRole("dialog", { name: "Delete all keys of swept?" });
  await expect(asks.getByRole("button", { name: "Delete all 27 keys" })).toBeDisabled();
  await asks.getByRole("textbox").fill("swept");
  await asks.getByRole("button", { name: "Delete all 27 keys" }).click();
  await expect(page.getByText("No keys yet")).toBeVisible();
});

test("the pool is exported by state", async ({ page, gateway, mock }) => {
  const { id } = await makeGroup(gateway.admin, mock.url, "exported");
  await page.goto(`/keys/${id}`);
  await page.getByRole("button", { name: "Export" }).click();
  const saved = page.waitForEvent("download");
  await page.getByRole("menuitem", { name: "Only invalid keys" }).click();
  const text = await (await import("node:fs/promises")).readFile(await (await saved).path(), "utf8");
  expect(text.trim().split("\n").sort()).toEqual(KEYS.filter((key) => key.includes("dead")));
});

test("the pool map is walked by keys: a cell chosen, nearer, back", async ({ page, gateway, mock }) => {
  const { id } = await makeGroup(gateway.admin, mock.url, "mapped");
  await page.goto(`/keys/${id}`);
  const map = page.getByRole("group", { name: /Pool map of 30 keys.*27 can serve, 0 rest, 3 are out/ });
  await map.focus();
  for (let at = 0; at < 10; at++) await page.keyboard.press("ArrowRight");
  await expect(page.locator(".hint")).toContainText("sk-d****0009");
  await page.keyboard.press("Enter");
  await expectRows(page, 1);
  await expect(rows(page)).toContainText("sk-d****0009");
  await page.keyboard.press("Enter");
  await expectRows(page, 30);
  await page.keyboard.press("+");
  await expectRows(page, 15);
  const way = page.getByRole("navigation", { name: "Part of the pool" });
  await expect(way).toContainText("15 keys");
  await page.reload();
  await expectRows(page, 15);
  await way.getByRole("button", { name: "All 30 keys" }).click();
  await expectRows(page, 30);
});

test("the pool map is dragged over, clicked and moves by itself", async ({ page, gateway, mock }) => {
  const { id } = await makeGroup(gateway.admin, mock.url, "dragged");
  await page.goto(`/keys/${id}`);
  const canvas = page.locator(".strip canvas");
  await expectRows(page, 30);
  // Squares of 16 px, 1 px apart.
  const at = (cell: number) => ({ position: { x: cell * 17 + 9, y: 9 } });
  await canvas.click(at(9));
  await expectRows(page, 1);
  await expect(rows(page)).toContainText("0009");
  await page.getByRole("button", { name: "Show all keys of the map again" }).click();
  await canvas.hover(at(4));
  await page.mouse.down();
  await canvas.hover(at(8));
  await page.mouse.up();
  await expectRows(page, 5);
  await canvas.hover(at(0));
  await page.mouse.wheel(0, 200);
  await expectRows(page, 30);

  const picture = () => canvas.evaluate((element) => (element as HTMLCanvasElement).toDataURL());
  await page.mouse.move(0, 0);
  const before = await picture();
  await gateway.admin.call("POST", "/api/keys/disable-multiple", { group_id: id, keys_text: KEYS.slice(0, 5).join("\n") });
  await expect(state(page, /5 disabled/)).toBeVisible();
  await expect.poll(picture).not.toBe(before);
  await expect(rows(page).first()).toContainText("Disabled");
});

test("one key's drawer tells all of it, by the keyboard too", async ({ page, gateway, mock }) => {
  const { id } = await makeGroup(gateway.admin, mock.url, "opened");
  await page.goto(`/keys/${id}?status=invalid`);
  await expectRows(page, 3);
  await page.keyboard.press("j");
  await page.keyboard.press("Enter");
  const drawer = page.getByRole("dialog", { name: "sk-d****0009" });
  await expect(drawer).toContainText("Incorrect API key");
  await expect(page).toHaveURL(/open=\d+/);
  await drawer.getByRole("button", { name: "Restore" }).click();
  await expect(drawer).toContainText("Active");
  await page.keyboard.press("Escape");
  await expect(drawer).toBeHidden();
  await expect(page).not.toHaveURL(/open=/);
});

test.describe("looks", () => {
  // Each is a dozen pages, and axe on every one.
  test.describe.configure({ timeout: 120_000 });

  test("the page", async ({ page, gateway, mock }) => {
    const { id } = await makeGroup(gateway.admin, mock.url, "seen");
    await lookAt(page, "keys", async (page) => {
      await page.goto(`/keys/${id}`);
      await expect(rows(page).first()).toBeVisible();
      await expect(page.locator(".strip canvas")).toBeVisible();
    });
  });

  test("chosen keys, and what asks about them", async ({ page, gateway, mock }) => {
    const { id } = await makeGroup(gateway.admin, mock.url, "asked");
    await lookAt(page, "keys-chosen", async (page) => {
      await page.goto(`/keys/${id}`);
      await page.getByRole("checkbox", { name: "Select all rows of this page" }).check();
      await expect(page.getByRole("region", { name: "Chosen keys" })).toContainText("30 keys chosen");
    });
    await lookAt(page, "keys-delete", async (page) => {
      await page.goto(`/keys/${id}`);
      await page.getByRole("button", { name: "More", exact: true }).click();
      await page.getByRole("menuitem", { name: "Delete all keys…" }).click();
      await expect(page.getByRole("dialog")).toBeVisible();
    });
  });

  test("adding keys, one key, test results", async ({ page, gateway, mock }) => {
    const { id } = await makeGroup(gateway.admin, mock.url, "shown");
    await lookAt(page, "keys-add", async (page) => {
      await page.goto(`/keys/${id}`);
      await page.getByRole("button", { name: "Add keys" }).click();
      await page.getByRole("dialog").getByRole("textbox").fill("sk-one sk-two");
    });
    await lookAt(page, "keys-one", async (page) => {
      await page.goto(`/keys/${id}?status=invalid`);
      await rows(page).first().getByRole("gridcell").nth(2).click();
      await expect(page.getByRole("dialog")).toContainText("Incorrect API key");
    });
    await lookAt(page, "keys-test", async (page) => {
      await page.goto(`/keys/${id}`);
      for (const at of [0, 9]) await rows(page).nth(at).getByRole("checkbox").check();
      await page.getByRole("button", { name: "Test 2 keys" }).click();
      await expect(page.getByRole("dialog").getByRole("listitem")).toHaveCount(2);
    });
  });
});
