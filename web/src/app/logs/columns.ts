import { computed } from "vue";
import { useI18n } from "vue-i18n";

import type { LogEntry } from "@/api/types";
import { useLocalStorage } from "@/lib/localStorage";
import type { Column } from "@/ui/table";

/** All columns in their order, and whether one sees them unasked. */
const COLUMNS = {
  timestamp: { width: "150px", usual: true },
  status_code: { width: "84px", usual: true },
  group_name: { width: "minmax(110px, 1fr)", usual: true },
  model: { width: "minmax(120px, 1.2fr)", usual: true },
  key_value: { width: "150px", usual: true },
  duration_ms: { width: "128px", align: "end", usual: true },
  first_byte_ms: { width: "96px", align: "end", usual: true },
  attempt: { width: "76px", align: "end", usual: false },
  source_ip: { width: "124px", usual: false },
  request_path: { width: "minmax(160px, 1.4fr)", usual: false },
  upstream_addr: { width: "minmax(160px, 1.4fr)", usual: false },
  user_agent: { width: "minmax(140px, 1fr)", usual: false },
  error_message: { width: "minmax(160px, 2.4fr)", usual: true },
} as const;

export type ColumnKey = keyof typeof COLUMNS;

const KEYS = Object.keys(COLUMNS) as ColumnKey[];
const USUAL = KEYS.filter((key) => COLUMNS[key].usual);

/** The columns one has chosen, remembered in this browser. */
export function useColumns() {
  const { t } = useI18n();
  const chosen = useLocalStorage<readonly ColumnKey[]>("gpt-load.logs.columns", USUAL, (found) =>
    Array.isArray(found) ? KEYS.filter((key) => found.includes(key)) : USUAL,
  );

  const column = (key: ColumnKey): Column<LogEntry> => {
    const { width } = COLUMNS[key];
    return { key, label: t(`logs.column.${key}`), width, align: "align" in COLUMNS[key] ? "end" : "start" };
  };
  const toggle = (key: ColumnKey) => {
    const next = KEYS.filter((each) => chosen.value.includes(each) !== (each === key));
    if (next.length > 0) chosen.value = next;
  };

  return {
    columns: computed(() => KEYS.filter((key) => chosen.value.includes(key)).map(column)),
    choices: computed(() => KEYS.map((key) => ({ key, label: t(`logs.column.${key}`), checked: chosen.value.includes(key) }))),
    toggle,
    reset: () => (chosen.value = USUAL),
  };
}
