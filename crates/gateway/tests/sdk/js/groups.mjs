// Groups of the running gateway, one for each test, with keys whose own text tells the mock provider how to behave.

import { randomBytes } from "node:crypto";

import { Admin } from "../../../../../scripts/admin.mjs";

export const TEXT = "Hello from the mock provider.";
export const MESSAGES = [{ role: "user", content: "hi" }];

const { GPT_LOAD_URL, AUTH_KEY, MOCK_URL } = process.env;
const admin = new Admin(GPT_LOAD_URL, AUTH_KEY);

/** Makes a group of this channel with one key of each kind: `ok`, `dead`, `limited`, … */
export async function makeGroup(channel, ...kinds) {
  const name = `js-${randomBytes(6).toString("hex")}`;
  const keys = kinds.map((kind, number) => `sk-${kind}-${name}-${number}`);
  const group = await admin.createGroup({ name, channel, upstream: MOCK_URL, keys });
  return { ...group, keys };
}

/** How many requests the provider got with the group's keys of this kind. */
export async function providerSaw(group, kind) {
  const { by_key: byKey } = await (await fetch(`${MOCK_URL}/__mock/stats`)).json();
  const counts = group.keys.filter((key) => key.includes(`-${kind}-`)).flatMap((key) => Object.values(byKey[key] ?? {}));
  return counts.reduce((sum, count) => sum + count, 0);
}
