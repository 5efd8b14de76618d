import type { RouteRecordRaw } from "vue-router";

export const login: RouteRecordRaw[] = [
  { path: "/login", name: "login", component: () => import("./LoginPage.vue"), meta: { title: "login.title", bare: true } },
];
