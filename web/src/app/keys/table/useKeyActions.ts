import { useQueryClient } from "@tanstack/vue-query";
import { useI18n } from "vue-i18n";

import { client, unwrap } from "@/api/client";
import { download } from "@/api/download";
import { keys as names } from "@/api/queries";
import type { Group, Key } from "@/api/types";
import { download as save } from "@/lib/download";
import { copyText } from "@/ui/clipboard";
import { toast } from "@/ui/toast";

import { asQuery, type KeyFilter } from "../keyFilter";
import type { Target } from "./useSelection";

export type Switching = "restore" | "enable" | "disable";

/** What can be done to several keys at once. */
export function useKeyActions(group: () => Group) {
  const { t, n } = useI18n();
  const cache = useQueryClient();

  async function apply(action: Switching | "delete" | "test", target: Target) {
    const whom = "keys" in target ? { ids: target.keys.map(({ id }) => id) } : { filter: asQuery(target.filter) };
    const done = await unwrap(client.POST("/api/keys/apply", { body: { group_id: group().id, action, ...whom } }));
    await cache.invalidateQueries({ queryKey: names.keysOf(group().id) });
    return done;
  }

  const linesOf = (keys: readonly Key[]) => keys.map(({ key_value }) => key_value).join("\n");
  const queryOf = (filter: KeyFilter) => ({ group_id: group().id, ...asQuery(filter) });

  /** The keys a filter finds; the server knows them all. */
  async function found(filter: KeyFilter) {
    const { data } = await client.GET("/api/keys/export", { params: { query: queryOf(filter) }, parseAs: "text" });
    return (data ?? "").trimEnd();
  }

  return {
    /** Restores, enables or disables, and says of how many keys it made something else. */
    async switchTo(action: Switching, target: Target) {
      const { changed_count: count } = await apply(action, target);
      toast.done(t(`keys.done.${action}`, { n: n(count ?? 0) }, count ?? 0));
    },
    /** Starts a task that deletes or tests. */
    start: (action: "delete" | "test", target: Target) => apply(action, target),
    async copy(target: Target) {
      await copyText("keys" in target ? linesOf(target.keys) : await found(target.filter));
      toast.done(t("keys.done.copied"));
    },
    async save(target: Target) {
      if ("keys" in target) save(`keys-${group().name}-selected.txt`, `${linesOf(target.keys)}\n`);
      else await download("/api/keys/export", queryOf(target.filter));
    },
  };
}
