import { execFile } from "node:child_process";
import { promisify } from "node:util";

import { expect, test } from "./support/test";
import { picture } from "./support/views";

const run = promisify(execFile);

/** Only what one sees: no address is typed but the server's own, and nothing is asked of the API beside the page. */
test("who has never been here makes a group, imports keys and has a first answer", async ({ stranger: page, gateway, mock }) => {
  await page.goto("/");
  await page.getByLabel("AUTH_KEY").fill(gateway.authKey);
  await picture(page, "first-1-login");
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByText("No groups yet")).toBeVisible();
  await picture(page, "first-2-dashboard");

  await page.getByRole("button", { name: "New group" }).click();
  const form = page.getByRole("dialog", { name: "New group" });
  await form.getByRole("textbox", { name: "Name", exact: true }).fill("my-first");
  await form.getByRole("textbox", { name: "Address" }).fill(mock.url);
  await form.getByRole("combobox", { name: "Test model" }).fill("gpt-4.1-mini");
  await picture(page, "first-3-form");
  await form.getByRole("button", { name: "Create group" }).click();
  await expect(page.getByText("No keys yet")).toBeVisible();
  await picture(page, "first-4-group");

  await page.getByRole("button", { name: "Add keys" }).first().click();
  const adding = page.getByRole("dialog", { name: "Add keys to my-first" });
  await adding.getByRole("textbox", { name: "Keys" }).fill("sk-ok-first-0001\nsk-ok-second-0002\nsk-ok-third-0003");
  await picture(page, "first-5-keys");
  await adding.getByRole("button", { name: "Add 3 keys" }).click();
  await expect(page.getByRole("region", { name: "Task" })).toContainText("3 added");
  await expect(page.getByRole("button", { name: /3 can serve/ })).toBeVisible();
  await expect(page.getByRole("grid", { name: "Keys" })).toContainText("sk-o****0003");
  await picture(page, "first-6-imported");

  await page.getByRole("button", { name: "Connect" }).click();
  const connect = page.getByRole("dialog", { name: "Connect to my-first" });
  await connect.getByRole("switch", { name: "Show key" }).click();
  await picture(page, "first-7-connect");
  const snippet = await connect.getByRole("tabpanel").locator("pre").innerText();
  await connect.getByRole("button", { name: "Try a call" }).click();
  const trying = page.getByRole("dialog", { name: "Try my-first" });
  await expect(trying.getByRole("status")).toContainText("200 after");
  await expect(trying.getByRole("region", { name: "Answer" })).toContainText("choices");
  await picture(page, "first-8-try");
  await page.keyboard.press("Escape");

  // The line as it stands there, in a shell.
  const { stdout } = await run("sh", ["-c", snippet]);
  expect(JSON.parse(stdout)).toHaveProperty("choices");
  await page.getByRole("link", { name: "Logs" }).click();
  const row = page.getByRole("grid", { name: "Logs" }).getByRole("row").filter({ hasText: "my-first" });
  await expect(row).toContainText("200");
  await picture(page, "first-9-log");
  await row.click({ position: { x: 8, y: 8 } });
  await expect(page.getByRole("dialog", { name: "A request's story" })).toContainText("Answer passed on");
  await picture(page, "first-10-story");
});
