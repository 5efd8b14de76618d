import { expect, test } from "./support/test";
import { lookAt } from "./support/views";

test("an import shows its progress everywhere, survives a reload, and reports what it ignored", async ({ page, gateway, mock }) => {
  test.slow();
  const { id } = await gateway.admin.createGroup({ name: "large", upstream: mock.url, keys: ["sk-first-of-all-keys"] });
  const keys = Array.from({ length: 30_000 }, (_, at) => `sk-key-number-${at}`);
  await page.goto("/logs");
  await expect(page.getByRole("grid")).toBeVisible();
  await gateway.admin.call("POST", "/api/keys/add-async", { group_id: id, keys_text: ["sk-first-of-all-keys", "", ...keys].join("\n") });
  const task = page.getByRole("region", { name: "Task" });
  await expect(task).toBeVisible();
  await page.reload();
  await expect(task).toContainText("Imported into large: 30,000 added, 1 ignored", { timeout: 60_000 });
  await task.getByRole("button", { name: "What was ignored" }).click();
  const report = page.getByRole("dialog", { name: "Ignored entries" });
  await expect(report.getByRole("row")).toHaveText([/Line/, /sk-f\*+.*Already in the group/]);
  await page.keyboard.press("Escape");
  await task.getByRole("button", { name: "Dismiss" }).click();
  await expect(task).toBeHidden();
  await page.reload();
  await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
  await expect(task).toBeHidden();
});

test("a validation tells how far it is, and its result", async ({ page, gateway, mock }) => {
  // Two seconds a call, two calls at a time: long enough to be seen.
  const { id } = await gateway.admin.createGroup({
    name: "slow",
    upstream: mock.url,
    keys: [...Array.from({ length: 5 }, (_, at) => `sk-slow-number-${at}`), "sk-dead-number-6"],
    config: { key_validation_concurrency: 2 },
  });
  await page.goto("/keys");
  await gateway.admin.call("POST", "/api/keys/validate-group", { group_id: id });
  const task = page.getByRole("region", { name: "Task" });
  await expect(task).toContainText("Validating keys of slow");
  await expect(task.getByRole("progressbar")).toBeVisible();
  await expect(task).toContainText("of 6");
  await expect(task).toContainText("Validated slow: 5 of 6 keys are good, 1 failed");
});

test("the bar is whole in both themes and at both sizes", async ({ page, gateway, mock }) => {
  const { id } = await gateway.admin.createGroup({ name: "seen", upstream: mock.url, keys: ["sk-ok-one-of-them"] });
  await gateway.admin.call("POST", "/api/keys/add-async", { group_id: id, keys_text: "sk-ok-one-of-them sk-ok-two-of-them" });
  await lookAt(page, "task", async (page) => {
    await page.goto("/settings");
    await expect(page.getByRole("region", { name: "Task" })).toContainText("1 added, 1 ignored");
    await expect(page.getByRole("heading", { level: 3 }).first()).toBeVisible();
  });
});
