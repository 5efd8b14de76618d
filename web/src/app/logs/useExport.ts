import { ref } from "vue";

import { download } from "@/api/download";
import { toast } from "@/ui/toast";

import type { LogFilters } from "./useLogFilters";

/** Gives the keys of the rows that the filters let through as a file. */
export function useExport(filters: LogFilters) {
  const isExporting = ref(false);
  async function exportKeys() {
    isExporting.value = true;
    try {
      await download("/api/logs/export", filters.query());
    } catch (error) {
      toast.error(error);
    } finally {
      isExporting.value = false;
    }
  }
  return { isExporting, exportKeys };
}
