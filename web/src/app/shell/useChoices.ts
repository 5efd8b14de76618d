import { computed } from "vue";
import { useI18n } from "vue-i18n";

import { LOCALES, setLocale } from "@/locales";
import type { MenuItem } from "@/ui/Menu.vue";

import { THEMES, useTheme } from "./theme";

/** The menus of languages and themes, for the rail and the login. */
export function useChoices() {
  const { t, locale } = useI18n();
  const theme = useTheme();
  const icons = { system: "system", light: "sun", dark: "moon" } as const;

  const languages = computed<MenuItem[]>(() =>
    LOCALES.map(({ code, name }) => ({ label: name, checked: code === locale.value, run: () => void setLocale(code) })),
  );
  const themes = computed<MenuItem[]>(() =>
    THEMES.map((one) => ({
      label: t(`shell.theme.${one}`),
      icon: icons[one],
      checked: one === theme.chosen,
      run: () => (theme.chosen = one),
    })),
  );
  const languageName = computed(() => LOCALES.find(({ code }) => code === locale.value)?.name ?? "");
  const themeIcon = computed(() => icons[theme.chosen]);
  return { languages, themes, languageName, themeIcon };
}
