import { expect, test } from "vitest";

import { snippetsOf } from "./snippets";

const access = { endpoint: "http://host:3001/proxy/main", key: "pk-1", model: "m-1" };

test.each([
  ["openai", "http://host:3001/proxy/main/v1", ["curl", "Python", "JavaScript", "OpenCode"]],
  ["openai-response", "http://host:3001/proxy/main/v1", ["curl", "Python", "JavaScript", "Codex"]],
  ["anthropic", "http://host:3001/proxy/main", ["curl", "Python", "JavaScript", "Claude Code"]],
  ["gemini", "http://host:3001/proxy/main", ["curl", "Python", "JavaScript", "Gemini CLI"]],
] as const)("each snippet of %s has the base address, the key and the model", (channel, base, names) => {
  const snippets = snippetsOf({ ...access, channel });
  expect(snippets.map(({ name }) => name)).toEqual(names);
  for (const { text } of snippets) {
    expect(text).toContain(base);
    expect(text).toContain("pk-1");
    expect(text).toContain("m-1");
  }
});

test("OpenAI's clients get the version as part of the base address", () => {
  const [, python] = snippetsOf({ ...access, channel: "openai" });
  expect(python?.text).toContain('base_url="http://host:3001/proxy/main/v1"');
});

test("bodies and files are valid JSON", () => {
  for (const channel of ["openai", "openai-response", "anthropic", "gemini"] as const) {
    const [curl] = snippetsOf({ ...access, channel });
    expect(() => JSON.parse(/-d '(.*)'/s.exec(curl?.text ?? "")?.[1] ?? "")).not.toThrow();
  }
  expect(() => JSON.parse(snippetsOf({ ...access, channel: "openai" })[3]?.text ?? "")).not.toThrow();
});
