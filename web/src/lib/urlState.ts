import { computed, type WritableComputedRef } from "vue";
import { type LocationQuery, type LocationQueryRaw, type Router, useRoute, useRouter } from "vue-router";

/** How a value stands in the address; what is at its fallback stands there not at all. */
export interface Param<T> {
  fallback: T;
  read: (text: string) => T;
  write: (value: T) => string;
}

/** Any text. */
export const text = (fallback = ""): Param<string> => ({ fallback, read: (found) => found, write: (value) => value });

/** A whole number from 1. */
export const positive = (fallback = 1): Param<number> => ({
  fallback,
  read: (found) => (/^[1-9]\d{0,14}$/.test(found) ? Number(found) : fallback),
  write: String,
});

/** One of a few words. */
export const oneOf = <T extends string>(values: readonly T[], fallback: T): Param<T> => ({
  fallback,
  read: (found) => values.find((value) => value === found) ?? fallback,
  write: (value) => value,
});

/** Yes or no. */
export const flag = (): Param<boolean> => ({ fallback: false, read: (found) => found === "1", write: (value) => (value ? "1" : "") });

/** Changes of one tick, so that two of them don't overwrite each other. */
let pending: LocationQueryRaw | undefined;

/**
 * State that stands in the address, so that a view can be shared and reloaded: `const { page, q } = useUrlState({ page: positive(),
 * q: text() })`. Each is a ref; writing it replaces the address. What else stands in the query stays.
 */
export function useUrlState<T extends Record<string, unknown>>(params: { [K in keyof T]: Param<T[K]> }) {
  const [route, router] = [useRoute(), useRouter()];
  const names = Object.keys(params) as (keyof T & string)[];
  const refs = names.map((name) => {
    const param = params[name];
    const state = computed({
      get: () => read(route.query, name, param),
      set: (value) => change(router, { [name]: param.write(value) === param.write(param.fallback) ? undefined : param.write(value) }),
    });
    return [name, state];
  });
  return Object.fromEntries(refs) as { [K in keyof T]: WritableComputedRef<T[K]> };
}

function read<V>(query: LocationQuery, name: string, param: Param<V>): V {
  const found = query[name];
  return typeof found === "string" ? param.read(found) : param.fallback;
}

function change(router: Router, query: LocationQueryRaw) {
  if (pending) {
    Object.assign(pending, query);
    return;
  }
  pending = { ...query };
  queueMicrotask(() => {
    const { path, hash, query: now } = router.currentRoute.value;
    const next = { ...now, ...pending };
    pending = undefined;
    void router.replace({ path, hash, query: next });
  });
}
