import { defineStore } from "pinia";
import { computed, ref, watch } from "vue";

export const THEMES = ["system", "light", "dark"] as const;
export type Theme = (typeof THEMES)[number];

const STORED = "gpt-load.theme";

/** Light, dark, or as the system is; remembered. */
export const useTheme = defineStore("theme", () => {
  const stored = localStorage.getItem(STORED);
  const chosen = ref<Theme>(THEMES.find((theme) => theme === stored) ?? "system");

  const media = window.matchMedia("(prefers-color-scheme: dark)");
  const isSystemDark = ref(media.matches);
  media.addEventListener("change", ({ matches }) => (isSystemDark.value = matches));

  watch(
    chosen,
    (theme) => {
      localStorage.setItem(STORED, theme);
      if (theme === "system") delete document.documentElement.dataset.theme;
      else document.documentElement.dataset.theme = theme;
    },
    { immediate: true },
  );

  /** What is seen: `light` or `dark`. */
  const shown = computed(() => (chosen.value === "system" ? (isSystemDark.value ? "dark" : "light") : chosen.value));
  return { chosen, shown };
});
