import { useQueryClient } from "@tanstack/vue-query";
import { computed, reactive, ref } from "vue";

import { client, unwrap } from "@/api/client";
import { messageOf } from "@/api/error";
import { keys } from "@/api/queries";
import type { Group } from "@/api/types";

import { ADDRESSES, blank, changes, type Channel, type Draft, draftOf, fieldsOf } from "./draft";
import { faultsOf } from "./faults";

/** The form of `group`, or of a new one; `others` are all groups, whose names are taken. */
export function useGroupForm(group: Group | undefined, others: () => readonly Group[]) {
  const before = group ? draftOf(group) : blank();
  const draft = reactive<Draft>(structuredClone(before));
  const queryClient = useQueryClient();

  const names = computed(() => new Set(others().flatMap(({ id, name }) => (id === group?.id ? [] : [name]))));
  const faults = computed(() => faultsOf(draft, names.value));
  /** Faults are shown once one has tried to save; before that only of what one has begun to type. */
  const hasTried = ref(false);
  const isSaving = ref(false);
  const refusal = ref<string>();

  function setChannel(channel: Channel) {
    const [first] = draft.upstreams;
    // The address follows the channel as long as nobody has typed another.
    if (first && draft.upstreams.length === 1 && (first.url === "" || first.url === ADDRESSES[draft.channel])) first.url = ADDRESSES[channel];
    draft.channel = channel;
  }

  /** Saves; the group as it is now, or undefined if it could not be saved. */
  async function save(): Promise<Group | undefined> {
    hasTried.value = true;
    if (Object.keys(faults.value).length > 0) return undefined;
    isSaving.value = true;
    refusal.value = undefined;
    try {
      const saved = group ? await update(group.id) : await create();
      await queryClient.invalidateQueries({ queryKey: keys.groups });
      return saved;
    } catch (error) {
      refusal.value = messageOf(error);
      return undefined;
    } finally {
      isSaving.value = false;
    }
  }

  const create = () => unwrap(client.POST("/api/groups", { body: { ...fieldsOf(draft), group_type: draft.type } }));
  const update = (id: number) => unwrap(client.PUT("/api/groups/{id}", { params: { path: { id } }, body: changes(before, draft) }));

  return {
    draft,
    faults,
    hasTried,
    isSaving,
    refusal,
    isChanged: computed(() => JSON.stringify(draft) !== JSON.stringify(before)),
    setChannel,
    save,
  };
}

export type GroupForm = ReturnType<typeof useGroupForm>;
