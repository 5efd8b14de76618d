import { onMounted, onUnmounted, ref } from "vue";
import { useRouter } from "vue-router";

import { isTyping } from "@/lib/keyboard";

/** After `g`, so long is waited for the page's letter, in milliseconds. */
const SECOND_KEY_MS = 1200;

const PAGES: Record<string, string> = { d: "dashboard", k: "keys", l: "logs", s: "settings" };

/** Keys that work on every page: `/` to the search, `?` for help, `g` and a letter to a page. Those of tables are their own. */
export function useShortcuts() {
  const router = useRouter();
  const isHelpOpen = ref(false);
  let goingUntil = 0;

  function onKey(event: KeyboardEvent) {
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event)) return;
    if (!act(event.key, event.timeStamp)) return;
    event.preventDefault();
  }

  function act(key: string, at: number): boolean {
    const page = at < goingUntil ? PAGES[key] : undefined;
    goingUntil = key === "g" ? at + SECOND_KEY_MS : 0;
    if (page) void router.push({ name: page });
    else if (key === "?") isHelpOpen.value = true;
    else if (key === "/") return focusSearch();
    else return false;
    return true;
  }

  onMounted(() => window.addEventListener("keydown", onKey));
  onUnmounted(() => window.removeEventListener("keydown", onKey));
  return { isHelpOpen };
}

/** The page's search: its first search box. */
function focusSearch(): boolean {
  const search = document.querySelector<HTMLInputElement>("#page input[type=search]");
  search?.focus();
  search?.select();
  return search !== null;
}
