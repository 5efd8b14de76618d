import { expect, test } from "./support/test";
import { lookAt } from "./support/views";

test("an empty server says what to do first", async ({ page }) => {
  await page.goto("/");
  await expect(page.getByText("Create one, add its keys, and connect a client")).toBeVisible();
  await page.getByRole("button", { name: "New group" }).click();
  await expect(page).toHaveURL("/keys/new");
});

test("figures move by themselves as clients call", async ({ page, gateway, mock }) => {
  await gateway.admin.call("PUT", "/api/settings", { request_log_write_interval_minutes: 0 });
  const group = await gateway.admin.createGroup({ name: "main", upstream: mock.url, keys: ["sk-ok-one", "sk-ok-two", "sk-limited-three"] });
  await page.goto("/");
  const requests = page.getByRole("region", { name: "Requests, 24 hours" });
  await expect(requests).toContainText("0");
  for (let sent = 0; sent < 5; sent++) {
    const answer = await fetch(`${group.url}/v1/chat/completions`, {
      method: "POST",
      headers: { authorization: `Bearer ${group.proxyKey}` },
      body: JSON.stringify({ model: "gpt-4.1-mini", messages: [{ role: "user", content: "hi" }] }),
    });
    await answer.text();
  }
  await expect(requests).toContainText("5");
  const keys = page.getByRole("region", { name: "Keys that can serve" });
  await expect(keys).toContainText("of 3");
  await expect(keys).toContainText("Cooling 1");
  const row = page.getByRole("row").filter({ hasText: "main" });
  await expect(row).toContainText("5");
  await row.getByRole("button", { name: "main" }).click();
  await expect(page).toHaveURL(new RegExp(`group=${group.id}`));
  await expect(page.getByRole("heading", { name: "Requests of main" })).toBeVisible();
});

test("the range stands in the address", async ({ page }) => {
  await page.goto("/");
  await page.getByLabel("Range").selectOption({ label: "30 days" });
  await expect(page).toHaveURL(/range=30d/);
  await expect(page.getByText("by the day")).toBeVisible();
  await page.reload();
  await expect(page.getByLabel("Range")).toHaveValue("30d");
});

test("the dashboard can be used by everyone", async ({ page }) => {
  await lookAt(page, "dashboard", async (page) => {
    await page.goto("/");
    await expect(page.getByRole("region", { name: "Keys that can serve" })).toContainText("of 3");
    await expect(page.getByRole("figure").or(page.getByRole("img", { name: /Requests: / })).first()).toBeVisible();
  });
});
