import type { RouteRecordRaw } from "vue-router";

export const keys: RouteRecordRaw[] = [
  { path: "/keys/:group(\\d+)?", name: "keys", component: () => import("./KeysPage.vue"), meta: { title: "shell.keys" } },
];
