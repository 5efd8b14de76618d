import type { Page } from "@playwright/test";

import { expect, test } from "./support/test";
import { lookAt } from "./support/views";

const list = (page: Page) => page.getByRole("navigation", { name: "Groups" });
const names = (page: Page) => list(page).locator(".name");

test("a group is found by a part of its name, and the last one looked at comes back", async ({ page, gateway, mock }) => {
  for (const name of ["alpha-one", "alpha-two", "beta"]) await gateway.admin.createGroup({ name, upstream: mock.url, keys: ["sk-ok-1"] });
  await page.goto("/keys");
  await list(page).getByRole("link", { name: /beta/ }).click();
  await expect(page.getByRole("heading", { level: 1, name: "beta" })).toBeVisible();
  await page.goto("/keys");
  await expect(page.getByRole("heading", { level: 1, name: "beta" })).toBeVisible();
  await list(page).getByRole("searchbox").fill("alpha");
  await expect(names(page)).toHaveText(["alpha-two", "alpha-one"]);
  await list(page).getByRole("searchbox").fill("gamma");
  await expect(page.getByText("No group has this in its name")).toBeVisible();
});

test("groups are put in order by the keyboard and by dragging", async ({ page, gateway, mock }) => {
  await page.goto("/keys");
  const before = (await gateway.admin.call("GET", "/api/groups")).map((group: { name: string }) => group.name);
  await expect(names(page)).toHaveText(before);
  const [first, second, ...others] = before;
  await list(page).getByRole("link", { name: first }).focus();
  await page.keyboard.press("Alt+ArrowDown");
  await expect(names(page)).toHaveText([second, first, ...others]);
  await expect(list(page).getByRole("link", { name: first })).toBeFocused();
  await expect(list(page).getByRole("status")).toContainText(`${first} is now 2 of`);
  await page.reload();
  await expect(names(page)).toHaveText([second, first, ...others]);

  const item = (name: string) => list(page).getByRole("link", { name });
  await item(first).hover();
  const handle = await item(first).locator(".handle").boundingBox();
  const target = await item(second).boundingBox();
  if (!handle || !target) throw new Error("nothing to drag");
  await page.mouse.move(handle.x + 4, handle.y + 10);
  await page.mouse.down();
  await page.mouse.move(target.x + 40, target.y + 4, { steps: 4 });
  await page.mouse.up();
  await expect(names(page)).toHaveText(before);
  await expect.poll(async () => (await gateway.admin.call("GET", "/api/groups")).map((group: { name: string }) => group.name)).toEqual(before);
  expect(mock.url).toBeTruthy();
});

test("disabling asks, enabling does not", async ({ page, gateway, mock }) => {
  const { id } = await gateway.admin.createGroup({ name: "switched", upstream: mock.url, keys: ["sk-ok-1"] });
  await page.goto(`/keys/${id}`);
  const toggle = page.getByRole("switch");
  await toggle.click();
  await page.getByRole("dialog", { name: "Disable switched?" }).getByRole("button", { name: "Cancel" }).click();
  await expect(toggle).toBeChecked();
  await toggle.click();
  await page.getByRole("button", { name: "Disable the group" }).click();
  await expect(toggle).not.toBeChecked();
  await expect(list(page).getByRole("link", { name: /switched/ })).toContainText("Disabled");
  await toggle.click();
  await expect(toggle).toBeChecked();
});

test("a group is copied with the keys one chooses, and deleted once its name is typed", async ({ page, gateway, mock }) => {
  const { id } = await gateway.admin.createGroup({ name: "original", upstream: mock.url, keys: ["sk-ok-1", "sk-ok-2"] });
  await page.goto(`/keys/${id}`);
  const act = (name: string) => page.getByRole("button", { name: "Actions" }).click().then(() => page.getByRole("menuitem", { name }).click());
  await act("Copy group…");
  const copying = page.getByRole("dialog", { name: "Copy original" });
  await copying.getByRole("combobox", { name: "Keys to take along" }).selectOption("No keys");
  await copying.getByRole("button", { name: "Copy the group" }).click();
  await expect(page.getByText("No keys yet")).toBeVisible();
  await expect(list(page).getByRole("link", { name: /original/ })).toHaveCount(2);

  await page.goto(`/keys/${id}`);
  await act("Delete group…");
  const deleting = page.getByRole("dialog", { name: "Delete original?" });
  await expect(deleting).toContainText("all its 2 keys are lost");
  await expect(deleting.getByRole("button", { name: "Delete the group" })).toBeDisabled();
  await deleting.getByRole("textbox").fill("original");
  await deleting.getByRole("button", { name: "Delete the group" }).click();
  await expect(list(page).getByRole("link", { name: /original/ })).toHaveCount(1);
});

test("an aggregate's members are added, reweighed and removed; members tell where they belong", async ({ page, gateway, mock }) => {
  const a = await gateway.admin.createGroup({ name: "member-a", upstream: mock.url, keys: ["sk-ok-1"] });
  await gateway.admin.createGroup({ name: "member-b", upstream: mock.url, keys: ["sk-ok-2"] });
  const all = await gateway.admin.call("POST", "/api/groups", { name: "all", group_type: "aggregate", channel_type: "openai" });
  await page.goto(`/keys/${all.id}`);
  await expect(page.getByText("No sub-groups yet")).toBeVisible();
  await page.getByRole("button", { name: "Add sub-groups" }).click();
  const adding = page.getByRole("dialog", { name: "Add sub-groups to all" });
  await adding.getByRole("checkbox", { name: "member-a" }).check();
  await adding.getByRole("checkbox", { name: "member-b" }).check();
  await adding.getByRole("textbox", { name: "Weight of member-b" }).fill("30");
  await adding.getByRole("button", { name: "Add 2 sub-groups" }).click();
  const row = (name: string) => page.getByRole("row", { name: new RegExp(name) });
  await expect(row("member-a")).toContainText("25%");
  await expect(row("member-b")).toContainText("75%");

  await row("member-a").getByRole("textbox").fill("30");
  await page.keyboard.press("Enter");
  await expect(row("member-a")).toContainText("50%");
  await row("member-a").getByRole("textbox").fill("many");
  await page.keyboard.press("Enter");
  await expect(row("member-a").getByRole("textbox")).toHaveValue("30");

  await list(page).getByRole("list", { name: "Sub-groups of all" }).getByRole("link", { name: /member-a/ }).click();
  await expect(page).toHaveURL(`/keys/${a.id}`);
  await page.getByText("Sub-group of").getByRole("link", { name: "all" }).click();
  await row("member-b").getByRole("button", { name: "Remove member-b" }).click();
  await page.getByRole("dialog", { name: "Remove member-b from all?" }).getByRole("button", { name: "Remove the sub-group" }).click();
  await expect(row("member-b")).toBeHidden();
  await expect(row("member-a")).toContainText("100%");
});

test("on a phone one goes from the list to a group and back", async ({ page, gateway, mock }) => {
  const { id } = await gateway.admin.createGroup({ name: "pocket", upstream: mock.url, keys: ["sk-ok-1"] });
  await page.setViewportSize({ width: 360, height: 740 });
  await page.goto("/keys");
  await list(page).getByRole("link", { name: /pocket/ }).click();
  await expect(page).toHaveURL(`/keys/${id}`);
  await expect(list(page)).toBeHidden();
  await page.getByRole("button", { name: "All groups" }).click();
  await expect(list(page)).toBeVisible();
});

test("the form of a group has an address, and leads to the new group", async ({ page }) => {
  await page.goto("/keys");
  await list(page).getByRole("button", { name: "New group" }).click();
  await expect(page).toHaveURL(/\/new$/);
  await expect(page.getByRole("dialog")).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(page).not.toHaveURL(/\/new/);
});

test("aggregates look as they should", async ({ page, gateway, mock }) => {
  test.setTimeout(120_000);
  const a = await gateway.admin.createGroup({ name: "looked-at", upstream: mock.url, keys: ["sk-ok-1"] });
  const all = await gateway.admin.call("POST", "/api/groups", { name: "all-looked-at", group_type: "aggregate", channel_type: "openai" });
  await gateway.admin.call("POST", `/api/groups/${all.id}/sub-groups`, { sub_groups: [{ group_id: a.id, weight: 10 }] });
  await lookAt(page, "aggregate", async (page) => {
    await page.goto(`/keys/${all.id}`);
    await expect(page.getByRole("row", { name: /looked-at/ })).toBeVisible();
  });
  await lookAt(page, "aggregate-add", async (page) => {
    await page.goto(`/keys/${all.id}`);
    await page.getByRole("button", { name: "Add sub-groups" }).click();
    await expect(page.getByRole("dialog")).toBeVisible();
  });
  await lookAt(page, "group-delete", async (page) => {
    await page.goto(`/keys/${a.id}`);
    await page.getByRole("button", { name: "Actions" }).click();
    await page.getByRole("menuitem", { name: "Delete group…" }).click();
    await expect(page.getByRole("dialog")).toBeVisible();
  });
});
