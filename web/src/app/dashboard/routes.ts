import type { RouteRecordRaw } from "vue-router";

export const dashboard: RouteRecordRaw[] = [
  { path: "/", name: "dashboard", component: () => import("./DashboardPage.vue"), meta: { title: "shell.dashboard" } },
];
