// Runs the providers' official SDKs against gpt-load in front of the mock provider, and schemathesis against the admin API.
// Usage: node run.mjs PYTHON [PROFILE]: an interpreter that has requirements.txt; cargo's profile, `debug` by default.
// The tests find the servers by GPT_LOAD_URL, AUTH_KEY and MOCK_URL.

import { spawn } from "node:child_process";
import { readdirSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

import { newFolder, runWithServers, startGateway, startMock } from "../../../../scripts/servers.mjs";

const HERE = dirname(fileURLToPath(import.meta.url));
const LIMIT_MS = 300_000;
const [python, profile = "debug"] = process.argv.slice(2);

await runWithServers(async () => {
  const mock = await startMock(profile);
  const gateway = await startGateway(profile);
  const env = {
    ...withoutProviderSettings(process.env),
    GPT_LOAD_URL: gateway.url,
    AUTH_KEY: gateway.authKey,
    MOCK_URL: mock.url,
    PYTHONDONTWRITEBYTECODE: "1",
  };
  const scripts = readdirSync(join(HERE, "js")).filter((name) => name.endsWith(".test.mjs"));
  const failed = [
    await run(process.execPath, ["--test", "--test-reporter=spec", ...scripts.map((name) => join("js", name))], env),
    await run(resolve(python), ["-m", "pytest", "-q", "-p", "no:cacheprovider", "python"], env),
  ].some((code) => code !== 0);
  if (failed) console.error(`what gpt-load wrote:\n${gateway.output()}`);
  return failed || (await describedCallsFail(mock)) ? 1 : 0;
});

/** Whether the admin API does anything that its description doesn't say; a server of its own, which is in disorder afterwards. */
async function describedCallsFail(mock) {
  const gateway = await startGateway(profile);
  await gateway.admin.createGroup({ name: "openai-main", upstream: mock.url, keys: ["sk-ok-first-0001", "sk-dead-second-0002"] });
  await gateway.admin.call("POST", "/api/groups", { name: "openai-all", channel_type: "openai", group_type: "aggregate" });
  await gateway.admin.createGroup({ name: "to-be-deleted", upstream: mock.url, keys: ["sk-ok-third-0003"] });
  const folder = join(HERE, "openapi");
  const env = {
    ...process.env,
    AUTH_KEY: gateway.authKey,
    MOCK_URL: mock.url,
    SCHEMATHESIS_HOOKS: "hooks",
    PYTHONPATH: folder,
    PYTHONDONTWRITEBYTECODE: "1",
  };
  const options = ["--config-file", join(folder, "schemathesis.toml"), "run", "--no-color", `${gateway.url}/api/openapi.json`];
  const failed = (await run(resolve(python), ["-m", "schemathesis.cli", ...options], env, newFolder())) !== 0;
  if (failed) console.error(`what gpt-load wrote:\n${gateway.output()}`);
  return failed;
}

/** The SDKs read addresses, keys and proxies from the environment; only what a test says may count. */
function withoutProviderSettings(env) {
  const decides = /^(openai|anthropic|google|gemini|(https?|all|no)_proxy)/i;
  return Object.fromEntries(Object.entries(env).filter(([name]) => !decides.test(name)));
}

function run(command, args, env, cwd = HERE) {
  const child = spawn(command, args, { cwd, env, stdio: ["ignore", "inherit", "inherit"], timeout: LIMIT_MS });
  return new Promise((done, fail) => {
    child.on("error", fail);
    child.on("exit", (code, signal) => done(code ?? signal));
  });
}
