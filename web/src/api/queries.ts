import { QueryClient } from "@tanstack/vue-query";

/** The cache of everything read. The event stream says what is stale, so nothing is polled. */
export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 30_000,
      refetchOnWindowFocus: false,
      // What the server refuses it will refuse again; while it is away, the shell resumes by itself.
      retry: false,
      networkMode: "always",
      // Answers are exchanged, never changed: watching each value in them would cost much with thousands of cells.
      shallow: true,
    },
    mutations: { networkMode: "always" },
  },
});

/** The names under which things are cached: first what they are of, so that an event can tell them stale. */
export const keys = {
  groups: ["groups"] as const,
  group: (id: number) => ["groups", id] as const,
  allKeys: ["keys"] as const,
  keysOf: (groupId: number) => ["keys", groupId] as const,
  /** Requests of a group, and why its keys are out. */
  stats: (groupId: number) => ["stats", groupId] as const,
  logs: ["logs"] as const,
  dashboard: ["dashboard"] as const,
  settings: ["settings"] as const,
  task: ["task"] as const,
  /** What the event stream tells of a group's keys. */
  keyStates: (groupId: number) => ["key-states", groupId] as const,
  /** What the event stream tells of a group's guards. */
  guards: (groupId: number) => ["guards", groupId] as const,
};

// Nobody reads these but the event stream, which says a thing only once: they must outlast the pages that show them.
for (const told of ["key-states", "guards", "task"]) {
  queryClient.setQueryDefaults([told], { gcTime: Number.POSITIVE_INFINITY, staleTime: Number.POSITIVE_INFINITY });
}
