import { createRouter, createWebHistory, type RouteLocationNormalized } from "vue-router";

import { whenUnauthorized } from "@/api/client";
import { queryClient } from "@/api/queries";
import { useSession } from "@/api/session";
import { i18n } from "@/locales";

import { dashboard } from "./dashboard/routes";
import { keys } from "./keys/routes";
import { login } from "./login/routes";
import { logs } from "./logs/routes";
import { settings } from "./settings/routes";

declare module "vue-router" {
  interface RouteMeta {
    /** The key of the page's name in the texts. */
    title: string;
    /** Shown without the rail, and without a session. */
    bare?: boolean;
  }
}

export const router = createRouter({
  history: createWebHistory(),
  routes: [...login, ...dashboard, ...keys, ...logs, ...settings, { path: "/:rest(.*)*", redirect: { name: "dashboard" } }],
});

router.beforeEach((to) => {
  if (to.meta.bare !== true && !useSession().isOpen) return loginBefore(to);
  return true;
});

router.afterEach((to) => {
  document.title = `${i18n.global.t(to.meta.title)} · GPT-Load`;
});

/** Fetches the pages that were not visited yet, so that going there waits for nothing. */
export function loadPages() {
  const components = router.getRoutes().map(({ components }) => components?.default);
  for (const load of components) if (typeof load === "function") void (load as () => Promise<unknown>)().catch(() => undefined);
}

whenUnauthorized(leave);

/** Forgets the key and asks for it; then leads back to where one was. */
export function leave() {
  useSession().close();
  queryClient.clear();
  const { currentRoute } = router;
  if (currentRoute.value.meta.bare !== true) void router.push(loginBefore(currentRoute.value));
}

function loginBefore(to: RouteLocationNormalized) {
  return { name: "login", query: to.fullPath === "/" ? {} : { to: to.fullPath } };
}
