import { useQuery, useQueryClient } from "@tanstack/vue-query";
import { computed, ref, shallowRef } from "vue";
import { useI18n } from "vue-i18n";

import { client, messageFrom, unwrap } from "@/api/client";
import { keys } from "@/api/queries";
import type { Setting } from "@/api/types";
import { numberFault } from "@/ui/number";
import { toast } from "@/ui/toast";

/** All settings, and what was changed here but is not saved yet. What others save meanwhile shows through where nothing is changed. */
export function useSettings() {
  const { locale } = useI18n();
  const cache = useQueryClient();
  const { data, error, refetch } = useQuery({
    queryKey: computed(() => [...keys.settings, locale.value]),
    queryFn: ({ signal }) => unwrap(client.GET("/api/settings", { signal })),
  });

  const edits = shallowRef<ReadonlyMap<string, unknown>>(new Map());
  const busy = ref(false);
  const failure = ref<unknown>();

  const all = computed(() => data.value?.flatMap((category) => category.settings) ?? []);
  const changed = computed(() => all.value.filter((setting) => isEdited(setting)));
  const isValid = computed(() => changed.value.every((setting) => !isFaulty(setting, valueOf(setting))));

  const valueOf = (setting: Setting) => (edits.value.has(setting.key) ? edits.value.get(setting.key) : setting.value);
  const isEdited = (setting: Setting) => edits.value.has(setting.key) && edits.value.get(setting.key) !== setting.value;

  function edit(setting: Setting, value: unknown) {
    const next = new Map(edits.value);
    if (value === setting.value) next.delete(setting.key);
    else next.set(setting.key, value);
    edits.value = next;
    failure.value = undefined;
  }

  function discard() {
    edits.value = new Map();
    failure.value = undefined;
  }

  async function save() {
    const body = Object.fromEntries(changed.value.map((setting) => [setting.key, valueOf(setting)]));
    busy.value = true;
    failure.value = undefined;
    try {
      const message = await messageFrom(client.PUT("/api/settings", { body }));
      await cache.invalidateQueries({ queryKey: keys.settings });
      discard();
      toast.done(message);
    } catch (error) {
      failure.value = error;
    } finally {
      busy.value = false;
    }
  }

  return { categories: data, error, refetch, changed, isValid, busy, failure, valueOf, isEdited, edit, discard, save };
}

/** Its default, in its type. */
export function defaultOf(setting: Setting): unknown {
  if (setting.type === "int") return Number(setting.default_value);
  return setting.type === "bool" ? setting.default_value === "true" : setting.default_value;
}

/** Whether the server would refuse a value for being empty or outside the limits. */
function isFaulty(setting: Setting, value: unknown): boolean {
  if (setting.type === "int") return numberFault(value as number | null, limitsOf(setting)) !== undefined;
  return setting.type === "string" && setting.required && String(value).trim() === "";
}

/** The limits of a number, as the field takes them. */
export function limitsOf(setting: Setting) {
  return { min: setting.min_value ?? undefined, max: setting.max_value ?? undefined, required: true };
}
