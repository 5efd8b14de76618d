import { computed, ref } from "vue";
import { useI18n } from "vue-i18n";
import { useRoute, useRouter } from "vue-router";

import { client } from "@/api/client";
import { ApiError, messageOf } from "@/api/error";
import { useSession } from "@/api/session";

/** Tries a key; the right one leads to where one wanted to be. */
export function useLogin() {
  const { t } = useI18n();
  const [route, router, session] = [useRoute(), useRouter(), useSession()];
  const key = ref("");
  const busy = ref(false);
  const failure = ref<unknown>();

  async function enter() {
    if (busy.value) return;
    failure.value = undefined;
    busy.value = true;
    try {
      await client.POST("/api/auth/login", { body: { auth_key: key.value.trim() } });
      session.open(key.value.trim());
      await router.replace(target(route.query.to));
    } catch (error) {
      failure.value = error;
    } finally {
      busy.value = false;
    }
  }

  const isAway = computed(() => failure.value instanceof ApiError && failure.value.isUnreachable);
  const fault = computed(() => {
    if (failure.value === undefined) return undefined;
    if (isAway.value) return t("login.away");
    const isRefused = failure.value instanceof ApiError && failure.value.status === 401;
    return isRefused ? t("login.wrong") : messageOf(failure.value);
  });
  return { key, fault, isAway, busy, enter };
}

/** Only a path of this site: a link to the login must not lead elsewhere. */
export function target(wanted: unknown): string {
  return typeof wanted === "string" && /^\/(?![/\\])/.test(wanted) ? wanted : "/";
}
