import type { Key } from "@/api/types";
import type { State } from "@/ui/state";

/** The state a key is shown in: one that rests, altogether or for some models, is cooling. */
export function stateOf({ status, cooldown_until }: Pick<Key, "status" | "cooldown_until">): State {
  if (status !== "active") return status;
  return cooldown_until ? "cooling" : "active";
}
