import { ref, watch, type Ref } from "vue";

/** A value that this browser remembers. `read` makes sense of what is found, which may be anything. */
export function useLocalStorage<T>(name: string, fallback: T, read: (found: unknown) => T): Ref<T> {
  const value = ref(recall(name, fallback, read)) as Ref<T>;
  watch(value, (now) => localStorage.setItem(name, JSON.stringify(now)));
  return value;
}

function recall<T>(name: string, fallback: T, read: (found: unknown) => T): T {
  const stored = localStorage.getItem(name);
  if (stored === null) return fallback;
  try {
    return read(JSON.parse(stored));
  } catch {
    return fallback;
  }
}
