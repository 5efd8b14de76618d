import * as servers from "../../scripts/servers.mjs";
import { expect, test } from "./support/test";
import { lookAt } from "./support/views";

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

test("a server that does not answer is told from a wrong key", async ({ stranger: page }) => {
  const gateway = await servers.startGateway(process.env.PROFILE ?? "debug");
  await page.goto(`${gateway.url}/login`);
  await page.getByLabel("AUTH_KEY").fill(gateway.authKey);
  await servers.stop(gateway);
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByText("The server does not answer. Check that it is running")).toBeVisible();
});

test("language and theme are chosen before one is in", async ({ stranger: page }) => {
  await page.goto("/login");
  await page.getByRole("button", { name: "Theme" }).click();
  await page.getByRole("menuitem", { name: "Dark" }).click();
  await expect(page.locator("html")).toHaveAttribute("data-theme", "dark");
  await page.getByRole("button", { name: "Language: English" }).click();
  await page.getByRole("menuitem", { name: "简体中文" }).click();
  await expect(page.getByRole("button", { name: "登录" })).toBeVisible();
});

test("the page is whole in both themes and at both sizes", async ({ stranger: page }) => {
  await lookAt(page, "login", async (page) => {
    await page.goto("/login");
    await page.getByLabel("AUTH_KEY").fill("wrong");
    await page.keyboard.press("Enter");
    await expect(page.getByRole("alert")).toBeVisible();
  });
});
