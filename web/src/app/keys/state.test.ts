import { expect, it } from "vitest";

import { stateOf } from "./state";

it("shows a key that rests as cooling, unless it is out anyway", () => {
  expect(stateOf({ status: "active", cooldown_until: null })).toBe("active");
  expect(stateOf({ status: "active", cooldown_until: "2026-01-01T00:00:00Z" })).toBe("cooling");
  expect(stateOf({ status: "invalid", cooldown_until: "2026-01-01T00:00:00Z" })).toBe("invalid");
  expect(stateOf({ status: "disabled", cooldown_until: null })).toBe("disabled");
});
