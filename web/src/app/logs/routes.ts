import type { RouteRecordRaw } from "vue-router";

export const logs: RouteRecordRaw[] = [
  { path: "/logs", name: "logs", component: () => import("./LogsPage.vue"), meta: { title: "shell.logs" } },
];
