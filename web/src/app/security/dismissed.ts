import { ref } from "vue";

const STORED = "gpt-load.dismissed-warnings";

/** Warnings that this browser's reader has read. One that says something else appears again. */
export function useDismissed() {
  const dismissed = ref<ReadonlySet<string>>(new Set(read()));

  function dismiss(texts: readonly string[]) {
    dismissed.value = new Set([...dismissed.value, ...texts]);
    localStorage.setItem(STORED, JSON.stringify([...dismissed.value]));
  }

  return { dismissed, dismiss };
}

function read(): string[] {
  try {
    const stored: unknown = JSON.parse(localStorage.getItem(STORED) ?? "[]");
    return Array.isArray(stored) ? stored.map(String) : [];
  } catch {
    return [];
  }
}
