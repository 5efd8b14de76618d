import { computed, onScopeDispose, watch } from "vue";

import { client, unwrap } from "@/api/client";
import { keys } from "@/api/queries";
import type { LogEntry } from "@/api/types";
import { flag, positive, useUrlState } from "@/lib/urlState";
import { useList } from "@/lib/useList";

import type { LogFilters } from "./useLogFilters";

export const PAGE_SIZE = 100;
/** The server stores new rows at most once a second while somebody looks. */
const LIVE_EVERY_MS = 2000;

/** The rows that the filters let through; while `live`, the newest ones as they come. */
export function useLogs(filters: LogFilters) {
  const { page, live } = useUrlState({ page: positive(), live: flag() });
  const list = useList<LogEntry>({
    key: computed(() => [...keys.logs, ...filters.name.value]),
    page,
    pageSize: PAGE_SIZE,
    load: (asked, signal) => unwrap(client.GET("/api/logs", { params: { query: { ...filters.query(), ...asked } }, signal })),
  });

  let timer = 0;
  const look = () => {
    if (document.visibilityState === "visible" && page.value === 1) void list.reload();
  };
  watch(
    live,
    (on) => {
      clearInterval(timer);
      if (on) {
        page.value = 1;
        timer = window.setInterval(look, LIVE_EVERY_MS);
      }
    },
    { immediate: true },
  );
  onScopeDispose(() => clearInterval(timer));

  return { ...list, page, live };
}
