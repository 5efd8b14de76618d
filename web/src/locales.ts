import { nextTick, watch } from "vue";
import { createI18n } from "vue-i18n";

import en, { type Messages } from "./locales/en";

export const LOCALES = [
  { code: "en-US", name: "English" },
  { code: "zh-CN", name: "简体中文" },
  { code: "ja-JP", name: "日本語" },
] as const;

export type Locale = (typeof LOCALES)[number]["code"];

const STORED = "gpt-load.locale";

/** English comes with the program, the others when they are asked for. */
const LOADERS: Record<Exclude<Locale, "en-US">, () => Promise<{ default: Messages }>> = {
  "zh-CN": () => import("./locales/zh"),
  "ja-JP": () => import("./locales/ja"),
};

export const i18n = createI18n<[Messages], Locale, false>({
  legacy: false,
  locale: "en-US",
  fallbackLocale: "en-US",
  messages: { "en-US": en } as Record<Locale, Messages>,
});

/** Switches the language of the page and remembers it. */
export async function setLocale(locale: Locale) {
  if (locale !== "en-US") i18n.global.setLocaleMessage(locale, (await LOADERS[locale]()).default);
  i18n.global.locale.value = locale;
  localStorage.setItem(STORED, locale);
  await nextTick();
}

/** The remembered language, else the first of the browser's that we speak, else English. */
export async function startLocale() {
  watch(i18n.global.locale, (locale) => (document.documentElement.lang = locale), { immediate: true });
  const stored = localStorage.getItem(STORED);
  const wanted = pick(stored ? [stored, ...navigator.languages] : navigator.languages);
  if (wanted !== "en-US") await setLocale(wanted);
}

/** The first wish that can be met, by its language alone: a reader of `zh-TW` gets Chinese. */
export function pick(wishes: readonly string[]): Locale {
  const spoken = wishes.map((wish) => LOCALES.find(({ code }) => code.slice(0, 2) === wish.slice(0, 2).toLowerCase()));
  return spoken.find((found) => found !== undefined)?.code ?? "en-US";
}
