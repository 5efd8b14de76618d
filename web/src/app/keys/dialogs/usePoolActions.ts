import { useQueryClient } from "@tanstack/vue-query";
import { useI18n } from "vue-i18n";

import { client, messageFrom, unwrap } from "@/api/client";
import { download } from "@/api/download";
import { keys as names } from "@/api/queries";
import type { Group } from "@/api/types";
import { toast } from "@/ui/toast";

/** What asks before it is done to all keys of a group that are concerned. */
export type Sweep = "restoreAll" | "clearInvalid" | "clearAll";

const SWEEPS = {
  restoreAll: "/api/keys/restore-all-invalid",
  clearInvalid: "/api/keys/clear-all-invalid",
  clearAll: "/api/keys/clear-all",
} as const;

/** What can be done to a group's whole pool. */
export function usePoolActions(group: () => Group) {
  const { t } = useI18n();
  const cache = useQueryClient();

  return {
    /** Tests all keys, or those that may serve, or those that are out, as a task. */
    async validate(status: "" | "active" | "invalid") {
      try {
        cache.setQueryData(names.task, await unwrap(client.POST("/api/keys/validate-group", { body: { group_id: group().id, status } })));
      } catch (error) {
        toast.error(error);
      }
    },
    async sweep(kind: Sweep) {
      toast.done(await messageFrom(client.POST(SWEEPS[kind], { body: { group_id: group().id } })));
      await cache.invalidateQueries({ queryKey: names.keysOf(group().id) });
    },
    async exportKeys(status: "all" | "active" | "invalid") {
      try {
        await download("/api/keys/export", { group_id: group().id, status });
        toast.done(t("keys.exported"));
      } catch (error) {
        toast.error(error);
      }
    },
  };
}
