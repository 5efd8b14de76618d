import { expect, test } from "./support/test";
import { lookAt } from "./support/views";

test("settings are changed together, marked, and reset one by one", async ({ page, gateway }) => {
  await page.goto("/settings");
  const retries = page.locator("[data-setting=max_retries]");
  await expect(retries).toContainText("Default 3 · 0 to 100");
  await retries.getByRole("textbox", { name: "Retries" }).fill("7");
  await page.locator("[data-setting=enable_request_body_logging]").getByRole("switch").click();
  await expect(page.getByText("2 settings are not saved")).toBeVisible();
  await page.getByRole("button", { name: "Save 2 settings" }).click();
  await expect(page.getByText("Settings updated")).toBeVisible();
  await expect(retries).toContainText("changed");
  expect(await valueOf(gateway, "max_retries")).toBe(7);
  expect(await valueOf(gateway, "enable_request_body_logging")).toBe(true);

  await retries.getByRole("button", { name: "Use default" }).click();
  await page.getByRole("button", { name: "Save 1 setting" }).click();
  await expect(retries.getByText("changed")).toBeHidden();
  expect(await valueOf(gateway, "max_retries")).toBe(3);
});

test("a value outside its limits is named and can't be saved; what the server refuses is said", async ({ page }) => {
  await page.goto("/settings");
  await page.getByRole("textbox", { name: "Retries" }).fill("101");
  await expect(page.getByText("A whole number from 0 to 100")).toBeVisible();
  await expect(page.getByRole("button", { name: "Save 1 setting" })).toBeDisabled();
  await page.getByRole("button", { name: "Discard" }).click();
  await page.getByRole("textbox", { name: "Outbound proxy" }).fill("ftp://nowhere");
  await page.getByRole("button", { name: "Save 1 setting" }).click();
  await expect(page.getByRole("alert")).toContainText("proxy_url");
});

test("settings are found by what they are about", async ({ page }) => {
  await page.goto("/settings");
  await expect(page.getByRole("heading", { level: 3, name: "Retries", exact: true })).toBeVisible();
  await page.keyboard.press("/");
  await page.keyboard.type("cooldown");
  await expect(page.getByRole("heading", { level: 3 })).toHaveText(["Rest of a rate-limited key"]);
  await expect(page).toHaveURL("/settings?q=cooldown");
  await page.reload();
  await expect(page.getByRole("heading", { level: 3 })).toHaveCount(1);
  await page.getByRole("searchbox").fill("no such thing");
  await expect(page.getByText("No setting is about “no such thing”")).toBeVisible();
});

test("proxy keys are made, shown, copied and removed", async ({ page, gateway, context }) => {
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await page.goto("/settings");
  const keys = page.locator("[data-setting=proxy_keys]");
  await expect(keys.getByRole("listitem")).toHaveText(["sk-a****-run"]);
  await keys.getByRole("button", { name: "Generate key" }).click();
  await expect(keys.getByRole("listitem")).toHaveCount(2);
  await keys.getByPlaceholder("Type or paste a key").fill("pk-typed-by-hand");
  await keys.getByRole("button", { name: "Add key" }).click();
  const typed = keys.getByRole("listitem").nth(2);
  await expect(typed).toHaveText("pk-t****hand");
  await typed.getByRole("button", { name: "Show" }).click();
  await expect(typed).toHaveText("pk-typed-by-hand");
  await typed.getByRole("button", { name: "Copy the proxy key" }).click();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe("pk-typed-by-hand");
  await keys.getByRole("listitem").nth(0).getByRole("button", { name: /Remove/ }).click();
  await page.getByRole("button", { name: "Save 1 setting" }).click();
  await expect(page.getByText("Settings updated")).toBeVisible();
  expect(await valueOf(gateway, "proxy_keys")).toMatch(/^sk-[A-Za-z0-9]{30,},pk-typed-by-hand$/);
});

test("who leaves with unsaved changes is asked", async ({ page }) => {
  await page.goto("/settings");
  await page.getByRole("textbox", { name: "Connect timeout" }).fill("33");
  await page.getByRole("link", { name: "Logs" }).click();
  const dialog = page.getByRole("dialog", { name: "Leave without saving?" });
  await expect(dialog).toContainText("Connect timeout");
  await dialog.getByRole("button", { name: "Cancel" }).click();
  await expect(page.getByRole("textbox", { name: "Connect timeout" })).toHaveValue("33");
  await page.getByRole("link", { name: "Logs" }).click();
  await dialog.getByRole("button", { name: "Discard 1 change" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Logs" })).toBeVisible();
});

test("what somebody else saves shows at once, and leaves alone what is being edited", async ({ page, gateway }) => {
  await page.goto("/settings");
  await page.getByRole("textbox", { name: "Connect timeout" }).fill("33");
  await gateway.admin.call("PUT", "/api/settings", { connect_timeout: 20, idle_conn_timeout: 99 });
  await expect(page.getByRole("textbox", { name: "Idle connection timeout" })).toHaveValue("99");
  await expect(page.getByRole("textbox", { name: "Connect timeout" })).toHaveValue("33");
});

test("the page is whole in both themes and at both sizes", async ({ page }) => {
  await lookAt(page, "settings", async (page) => {
    await page.goto("/settings");
    await page.getByRole("textbox", { name: "Retries" }).fill("5");
    await expect(page.getByRole("button", { name: "Save 1 setting" })).toBeVisible();
  });
});

async function valueOf(gateway: { admin: { call: (method: string, path: string) => Promise<unknown> } }, key: string): Promise<unknown> {
  const categories = (await gateway.admin.call("GET", "/api/settings")) as { settings: { key: string; value: unknown }[] }[];
  return categories.flatMap(({ settings }) => settings).find((setting) => setting.key === key)?.value;
}
