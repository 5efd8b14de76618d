import type { RouteLocationNormalized, RouteRecordRaw } from "vue-router";

import { keys as cached, queryClient } from "@/api/queries";
import type { Group } from "@/api/types";

import { lastGroup } from "./lastGroup";
import { ONE_AT_A_TIME } from "./layout";

const form = () => import("./GroupFormRoute.vue");

export const keys: RouteRecordRaw[] = [
  {
    path: "/keys/:group(\\d+)?",
    name: "keys",
    component: () => import("./KeysPage.vue"),
    beforeEnter: nameGroup,
    meta: { title: "shell.keys" },
    // Drawers over the page.
    children: [
      { path: "new", name: "group-new", component: form, meta: { title: "shell.keys" } },
      { path: "edit", name: "group-edit", component: form, meta: { title: "shell.keys" } },
    ],
  },
];

/** Where the groups are known, the page begins with one of them: so it is drawn once. */
function nameGroup({ name, params }: RouteLocationNormalized) {
  if (name !== "keys" || params.group || matchMedia(ONE_AT_A_TIME).matches) return true;
  const group = lastGroup.among(queryClient.getQueryData<Group[]>(cached.groups) ?? []);
  return group ? { name, params: { group: group.id } } : true;
}
