import type { RouteRecordRaw } from "vue-router";

const form = () => import("./GroupFormRoute.vue");

export const keys: RouteRecordRaw[] = [
  {
    path: "/keys/:group(\\d+)?",
    name: "keys",
    component: () => import("./KeysPage.vue"),
    meta: { title: "shell.keys" },
    // Drawers over the page.
    children: [
      { path: "new", name: "group-new", component: form, meta: { title: "shell.keys" } },
      { path: "edit", name: "group-edit", component: form, meta: { title: "shell.keys" } },
    ],
  },
];
