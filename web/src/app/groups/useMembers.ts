import { useQueries, useQuery } from "@tanstack/vue-query";
import { computed, type MaybeRefOrGetter, toValue } from "vue";

import { client, unwrap } from "@/api/client";
import { keys } from "@/api/queries";
import type { Group, SubGroup } from "@/api/types";

const membersOf = (id: number) => ({
  queryKey: [...keys.group(id), "members"],
  queryFn: ({ signal }: { signal: AbortSignal }): Promise<SubGroup[]> =>
    unwrap(client.GET("/api/groups/{id}/sub-groups", { params: { path: { id } }, signal })),
});

/** The ids of the members of each aggregate among `groups`; undefined until they are known. */
export function useMembersOfAll(groups: MaybeRefOrGetter<readonly Group[]>) {
  const aggregates = computed(() => toValue(groups).filter(({ group_type }) => group_type === "aggregate"));
  const answers = useQueries({ queries: computed(() => aggregates.value.map(({ id }) => membersOf(id))) });
  return computed(() => {
    if (answers.value.some(({ isPending }) => isPending)) return undefined;
    const ids = (at: number) => answers.value[at]?.data?.map(({ group }) => group.id) ?? [];
    return new Map(aggregates.value.map(({ id }, at) => [id, ids(at)]));
  });
}

/** The members of an aggregate, with their weights. */
export function useMembers(id: MaybeRefOrGetter<number>) {
  const query = useQuery(computed(() => membersOf(toValue(id))));
  return {
    members: computed<SubGroup[]>(() => query.data.value ?? []),
    isLoading: query.isPending,
    error: query.error,
    reload: () => query.refetch(),
  };
}

/** The aggregates that a group is a member of. */
export function useParents(id: MaybeRefOrGetter<number>) {
  const query = useQuery({
    queryKey: computed(() => [...keys.group(toValue(id)), "parents"]),
    queryFn: ({ signal }) =>
      unwrap(client.GET("/api/groups/{id}/parent-aggregate-groups", { params: { path: { id: toValue(id) } }, signal })),
  });
  return computed(() => query.data.value ?? []);
}
