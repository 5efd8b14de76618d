import { useQueryClient } from "@tanstack/vue-query";

import { client } from "@/api/client";
import { keys } from "@/api/queries";

/** What can be done to the members of an aggregate. */
export function useMemberActions(id: () => number) {
  const cache = useQueryClient();
  const path = (sub: number) => ({ params: { path: { id: id(), sub } } });
  const after = async (call: Promise<unknown>) => {
    await call;
    await cache.invalidateQueries({ queryKey: keys.groups });
  };

  return {
    add: (members: { group_id: number; weight: number }[]) =>
      after(client.POST("/api/groups/{id}/sub-groups", { params: { path: { id: id() } }, body: { sub_groups: members } })),
    reweigh: (sub: number, weight: number) => after(client.PUT("/api/groups/{id}/sub-groups/{sub}/weight", { ...path(sub), body: { weight } })),
    remove: (sub: number) => after(client.DELETE("/api/groups/{id}/sub-groups/{sub}", path(sub))),
  };
}
