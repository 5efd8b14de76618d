import type { Key } from "@/api/types";
import type { Column } from "@/ui/table";

/** The table's columns; `isNarrow` leaves those away that the key's own drawer shows as well. */
export function columnsOf(t: (key: string) => string, isNarrow: boolean): Column<Key>[] {
  const narrow: Column<Key>[] = [
    { key: "state", label: t("keys.column.state"), width: "40px", hideLabel: true },
    { key: "key", label: t("keys.column.key"), width: "minmax(110px, 1fr)" },
    { key: "next", label: t("keys.column.next"), width: "132px" },
  ];
  if (isNarrow) return narrow;
  return [
    { key: "state", label: t("keys.column.state"), width: "92px" },
    { key: "key", label: t("keys.column.key"), width: "minmax(162px, 1fr)" },
    { key: "why", label: t("keys.column.why"), width: "minmax(172px, 3fr)" },
    { key: "next", label: t("keys.column.next"), width: "122px" },
    { key: "request_count", label: t("keys.column.requests"), width: "92px", align: "end", sortable: true },
    { key: "failure_count", label: t("keys.column.failures"), width: "70px", align: "end", sortable: true },
    { key: "last_used_at", label: t("keys.column.lastUsed"), width: "96px", sortable: true },
    { key: "notes", label: t("keys.column.notes"), width: "minmax(90px, 1fr)" },
  ];
}
