import type { Page } from "@playwright/test";

import { expect, test } from "./support/test";
import { lookAt } from "./support/views";

/** Every dialog and drawer that no other test looks at: axe finds nothing in it, whatever the theme and the width. */
test.describe.configure({ timeout: 120_000 });

type Admin = Parameters<Parameters<typeof test>[2]>[0]["gateway"]["admin"];

interface Made {
  group: number;
  aggregate: number;
}

let made: Promise<Made> | undefined;

/** A group with two good keys and a dead one, in an aggregate; and an import that ignored something. */
async function make(admin: Admin, upstream: string): Promise<Made> {
  const keys = ["sk-ok-first-0001", "sk-ok-second-0002", "sk-dead-third-0003"];
  const group = await admin.createGroup({ name: "main", upstream, keys, config: { blacklist_threshold: 1 } });
  await admin.call("POST", "/api/keys/test-multiple", { group_id: group.id, keys_text: "sk-dead-third-0003" });
  const aggregate = await admin.call("POST", "/api/groups", { name: "all", group_type: "aggregate", channel_type: "openai" });
  await admin.call("POST", `/api/groups/${aggregate.id}/sub-groups`, { sub_groups: [{ group_id: group.id, weight: 10 }] });
  await admin.call("POST", "/api/keys/add-async", { group_id: group.id, keys_text: "sk-ok-first-0001" });
  return { group: group.id, aggregate: aggregate.id };
}

const menu = (button: string, item: string) => async (page: Page) => {
  await page.getByRole("button", { name: button, exact: true }).click();
  await page.getByRole("menuitem", { name: item }).click();
};
const press = (button: string) => (page: Page) => page.getByRole("button", { name: button }).click();
const chosen = (item: string) => async (page: Page) => {
  await page.getByRole("checkbox", { name: "Select all rows of this page" }).check();
  await menu("More for the chosen keys", item)(page);
};

const DIALOGS: [title: string, path: (made: Made) => string, open: (page: Page) => Promise<void>][] = [
  ["New group", () => "/keys/new", async () => undefined],
  ["Edit main", ({ group }) => `/keys/${group}/edit`, async () => undefined],
  ["Connect to main", ({ group }) => `/keys/${group}`, press("Connect")],
  ["Try main", ({ group }) => `/keys/${group}`, menu("Actions", "Try a call")],
  ["Copy main", ({ group }) => `/keys/${group}`, menu("Actions", "Copy group…")],
  ["Disable main?", ({ group }) => `/keys/${group}`, (page) => page.getByRole("switch").click()],
  ["Remove main from all?", ({ aggregate }) => `/keys/${aggregate}`, press("Remove main")],
  ["Restore 1 invalid key?", ({ group }) => `/keys/${group}`, menu("More", "Restore all invalid keys…")],
  ["Delete 1 invalid key?", ({ group }) => `/keys/${group}`, menu("More", "Delete all invalid keys…")],
  ["Delete keys from main", ({ group }) => `/keys/${group}`, menu("More", "Delete a list of keys…")],
  ["Disable 3 keys?", ({ group }) => `/keys/${group}`, chosen("Disable 3 keys")],
  ["Delete 3 keys?", ({ group }) => `/keys/${group}`, chosen("Delete 3 keys")],
  ["Ignored entries", () => "/logs", press("What was ignored")],
  ["Keyboard", () => "/logs", (page) => page.keyboard.press("?")],
  [
    "Leave without saving?",
    () => "/settings",
    async (page) => {
      await page.getByRole("textbox", { name: "Retries" }).fill("5");
      await page.getByRole("link", { name: "Logs" }).click();
    },
  ],
];

for (const [title, path, open] of DIALOGS) {
  test(`“${title}” can be used by everyone`, async ({ page, gateway, mock }) => {
    made ??= make(gateway.admin, mock.url);
    const where = path(await made);
    await lookAt(page, `dialog-${title.toLowerCase().replaceAll(/\W+/g, "-")}`, async (page) => {
      await page.goto(where);
      await expect(page.locator("h1")).toBeVisible();
      await open(page);
      await expect(page.getByRole("dialog", { name: title })).toBeVisible();
    });
  });
}

test("a form that was changed asks before it is left", async ({ page }) => {
  await lookAt(page, "dialog-form-left", async (page) => {
    await page.goto("/keys/new");
    await page.getByRole("textbox", { name: "Name", exact: true }).fill("half-done");
    await page.getByRole("button", { name: "Cancel" }).click();
    await expect(page.getByRole("dialog", { name: "Leave without saving?" })).toBeVisible();
  });
  await page.getByRole("button", { name: "Discard changes" }).click();
  await expect(page.getByRole("dialog")).toHaveCount(0);
});

test("what is wrong in a form is said beside the field", async ({ page }) => {
  await lookAt(page, "dialog-form-faults", async (page) => {
    await page.goto("/keys/new");
    await page.getByRole("button", { name: "Create group" }).click();
    await expect(page.getByText("This is needed").first()).toBeVisible();
  });
});
