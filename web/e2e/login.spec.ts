import { expect, test } from "./support/test";

test("the right key leads in, and to where one wanted to be", async ({ stranger: page, gateway }) => {
  await page.goto("/settings");
  await expect(page).toHaveURL(/\/login\?to=\/settings$/);
  await page.getByLabel("AUTH_KEY").fill(gateway.authKey);
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page).toHaveURL("/settings");
  await expect(page.getByRole("heading", { level: 1, name: "Settings" })).toBeVisible();
});

test("a wrong key is refused in words, and can be corrected", async ({ stranger: page, gateway }) => {
  await page.goto("/");
  await page.getByLabel("AUTH_KEY").fill("not-the-key");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("alert")).toContainText("This is not the AUTH_KEY of this server");
  await page.getByLabel("AUTH_KEY").fill(gateway.authKey);
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { level: 1, name: "Dashboard" })).toBeVisible();
});

test("a key that is no longer taken leads to the login, and from there back", async ({ page, gateway }) => {
  await page.goto("/logs");
  await expect(page.getByRole("grid", { name: "Logs" })).toBeVisible();
  await page.evaluate(() => localStorage.setItem("gpt-load.auth-key", "an-old-key"));
  await page.addInitScript(() => localStorage.setItem("gpt-load.auth-key", "an-old-key"));
  await page.goto("/logs?page=1");
  await expect(page).toHaveURL(/\/login\?to=/);
  await page.getByLabel("AUTH_KEY").fill(gateway.authKey);
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL("/logs?page=1");
});

test("signing out forgets the key", async ({ page }) => {
  await page.goto("/");
  await page.getByRole("button", { name: "Sign out" }).click();
  await expect(page).toHaveURL("/login");
  expect(await page.evaluate(() => localStorage.getItem("gpt-load.auth-key"))).toBeNull();
});
