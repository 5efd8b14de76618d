import { expect, test } from "vitest";

import { blank, changes, fieldsOf, shares } from "./draft";
import { faultsOf } from "./faults";

const NONE = new Set<string>();
const good = () => ({ ...blank(), name: "openai", testModel: "gpt-4.1-mini" });

test("empty lines of lists are not sent, texts are trimmed", () => {
  const draft = {
    ...good(),
    name: " openai ",
    upstreams: [{ url: " https://a.example ", weight: 3 }, { url: "  ", weight: 1 }],
    redirects: [{ asked: " gpt-4 ", sent: " gpt-4o " }, { asked: "", sent: "x" }],
    headers: [{ key: "", value: "x", action: "set" as const }],
  };
  const fields = fieldsOf(draft);
  expect(fields).toMatchObject({
    name: "openai",
    upstreams: [{ url: "https://a.example", weight: 3 }],
    model_redirect_rules: { "gpt-4": "gpt-4o" },
    header_rules: [],
    param_overrides: {},
  });
});

test("an aggregate sends nothing that its members have", () => {
  expect(Object.keys(fieldsOf({ ...good(), type: "aggregate" }))).toEqual(["name", "display_name", "description", "proxy_keys", "channel_type"]);
});

test("only what was changed goes to the server", () => {
  const before = { ...good(), overrides: '{"seed": 12345678901234567890}' };
  expect(changes(before, { ...before, description: "new", strict: true })).toEqual({ description: "new", model_redirect_strict: true });
  expect(changes(before, { ...before })).toEqual({});
});

test("shares follow from the weights", () => {
  expect(shares([3, 1, 0, null])).toEqual([0.75, 0.25, 0, 0]);
  expect(shares([0, 0])).toEqual([0, 0]);
});

test("a name is checked as one types", () => {
  const fault = (name: string) => faultsOf({ ...good(), name }, new Set(["taken"]))["name"];
  expect(["", "Open AI", "taken", "x".repeat(101), "ok_1-2"].map(fault)).toEqual(["required", "name", "taken", "name", undefined]);
});

test.each([
  ["overrides", { overrides: "{" }, "json"],
  ["overrides", { overrides: "[1]" }, "object"],
  ["overrides", { overrides: "null" }, "object"],
  ["testModel", { testModel: " " }, "required"],
  ["endpoint", { endpoint: "v1/chat" }, "path"],
  ["upstreams", { upstreams: [{ url: "", weight: 1 }] }, "noUpstream"],
  ["upstreams.0", { upstreams: [{ url: "api.openai.com", weight: 1 }] }, "url"],
  ["upstreams.0", { upstreams: [{ url: "ftp://a.example", weight: 1 }] }, "url"],
  ["upstreams.0", { upstreams: [{ url: "https://a.example", weight: 1001 }] }, "weight"],
  ["upstreams.0", { upstreams: [{ url: "https://a.example", weight: null }] }, "weight"],
  ["redirects.1", { redirects: [{ asked: "a", sent: "b" }, { asked: " a", sent: "c" }] }, "twice"],
  ["redirects.0", { redirects: [{ asked: "a", sent: "" }] }, "required"],
  ["headers.0", { headers: [{ key: "a b", value: "", action: "set" as const }] }, "header"],
  ["headers.1", { headers: [{ key: "X-A", value: "", action: "set" as const }, { key: "x-a", value: "", action: "remove" as const }] }, "twice"],
] as const)("%s can't be %j", (field, part, fault) => {
  expect(faultsOf({ ...good(), ...structuredClone(part) } as ReturnType<typeof good>, NONE)).toEqual({ [field]: fault });
});

test("a draft without faults may be saved", () => {
  expect(faultsOf(good(), NONE)).toEqual({});
  expect(faultsOf({ ...blank(), name: "all", type: "aggregate", testModel: "" }, NONE)).toEqual({});
});
