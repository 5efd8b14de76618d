import { computed, ref } from "vue";

import type { LogEntry } from "@/api/types";
import { oneOf, text, useUrlState } from "@/lib/urlState";

export const SPANS = ["15m", "1h", "24h", "7d"] as const;
const RESULTS = ["", "succeeded", "failed"] as const;
const ROWS = ["", "final", "retry"] as const;
const SINCE = ["", ...SPANS] as const;
const SPAN_MS = { "15m": 900_000, "1h": 3_600_000, "24h": 86_400_000, "7d": 604_800_000 };

/**
 * What the log is filtered by. All of it stands in the address but a key as text: a secret must not get into the browser's history.
 */
export function useLogFilters() {
  const state = useUrlState({
    group: text(),
    parent: text(),
    model: text(),
    status: text(),
    result: oneOf<(typeof RESULTS)[number]>(RESULTS, ""),
    rows: oneOf<(typeof ROWS)[number]>(ROWS, ""),
    error: text(),
    ip: text(),
    since: oneOf<(typeof SINCE)[number]>(SINCE, ""),
    from: text(),
    to: text(),
    /** A key by its id. */
    keyId: text(),
  });
  const key = ref("");

  /** The filters that say something. */
  const inForce = computed(() => [...Object.values(state), key].filter((filter) => filter.value !== "").length);
  const moreInForce = computed(
    () => [state.parent, state.rows, state.error, state.ip, state.from, state.to, key].filter((filter) => filter.value !== "").length,
  );
  /** Names the rows in the cache. */
  const name = computed(() => [...Object.values(state).map((filter) => filter.value), key.value]);

  function clear() {
    for (const filter of [...Object.values(state), key]) filter.value = "";
  }

  /** Only rows of this one's key: by its id, or by its text if its group no longer has it. */
  function chooseKey({ key_id, key_value }: LogEntry) {
    if (key_id === null) key.value = key_value;
    else state.keyId.value = String(key_id);
  }

  /** As the API takes them; a span counts back from this moment. */
  function query() {
    const since = state.since.value === "" ? undefined : new Date(Date.now() - SPAN_MS[state.since.value]).toISOString();
    return {
      group_name: given(state.group.value),
      parent_group_name: given(state.parent.value),
      model: given(state.model.value),
      status_code: /^\d{1,3}$/.test(state.status.value) ? Number(state.status.value) : undefined,
      is_success: state.result.value === "" ? undefined : state.result.value === "succeeded",
      request_type: state.rows.value === "" ? undefined : state.rows.value,
      error_contains: given(state.error.value),
      key_value: given(key.value),
      key_id: /^\d{1,15}$/.test(state.keyId.value) ? Number(state.keyId.value) : undefined,
      source_ip: given(state.ip.value),
      start_time: instant(state.from.value) ?? since,
      end_time: instant(state.to.value),
    };
  }

  return { ...state, key, inForce, moreInForce, name, clear, chooseKey, query };
}

export type LogFilters = ReturnType<typeof useLogFilters>;

function given(typed: string): string | undefined {
  return typed.trim() || undefined;
}

/** The instant of a local date and time as a field gives it. */
function instant(local: string): string | undefined {
  const time = Date.parse(local);
  return Number.isNaN(time) ? undefined : new Date(time).toISOString();
}
