import { throttled } from "@/lib/throttle";

import { callHeaders, unreachable } from "./client";
import { keys, queryClient } from "./queries";
import { reachability } from "./reachability";
import type { components } from "./schema.gen";
import { frames } from "./sse";

type Event = components["schemas"]["Event"];

/** The server says something every 15 s; after so long without a word the connection is dead. */
const SILENCE_MS = 40_000;
const RETRY_MS = 1500;
/** A table of keys that change all the time is read again this often. */
const KEYS_EVERY_MS = 2000;

/**
 * Reads `/api/events` until `signal` says stop, and keeps the caches true by it. While the server is away it tries again; when it is
 * back, everything read before is stale.
 */
export async function followEvents(signal: AbortSignal, onUnauthorized: () => void) {
  for (let isFirst = true; !signal.aborted; isFirst = false) {
    try {
      await follow(signal, isFirst, onUnauthorized);
    } catch {
      if (!signal.aborted) unreachable();
    }
    if (!signal.aborted) await pause(RETRY_MS, signal);
  }
}

async function follow(signal: AbortSignal, isFirst: boolean, onUnauthorized: () => void) {
  const silence = new AbortController();
  let timer = 0;
  const alive = () => {
    clearTimeout(timer);
    timer = window.setTimeout(() => silence.abort(), SILENCE_MS);
  };
  alive();
  try {
    const response = await fetch("/api/events", { headers: callHeaders(), signal: AbortSignal.any([signal, silence.signal]) });
    if (response.status === 401) return onUnauthorized();
    if (!response.ok || !response.body) throw new Error(`HTTP ${response.status}`);
    reachability.seen();
    // What is as usual is not told.
    reachability.lacks([]);
    if (!isFirst) void queryClient.invalidateQueries({}, { cancelRefetch: false });
    for await (const frame of frames(response.body, alive)) take({ event: frame.event, data: JSON.parse(frame.data) } as Event);
  } finally {
    clearTimeout(timer);
  }
}

/** Under load requests come all the time; figures need not move more often. */
const requests = throttled(() => stale(keys.dashboard), 2000);

/** Puts what an event says into the caches, and marks as stale what it only hints at. */
export function take({ event, data }: Event) {
  switch (event) {
    case "keys":
      // The first word on a group only says how it stands.
      if (queryClient.getQueryData(keys.keyStates(data.group_id))) keysChanged(data.group_id);
      queryClient.setQueryData(keys.keyStates(data.group_id), data);
      break;
    case "guards":
      // A group's warnings tell of them, too.
      if (queryClient.getQueryData(keys.guards(data.group_id))) stale(keys.groups);
      queryClient.setQueryData(keys.guards(data.group_id), data);
      break;
    case "degraded":
      reachability.lacks(data.away);
      break;
    case "task":
      queryClient.setQueryData(keys.task, data);
      if (!data.is_running) {
        stale(keys.groups);
        // The first word on a group's keys may come after what the task did to them.
        stale(keys.allKeys);
      }
      break;
    case "requests":
      requests.call();
      break;
    case "groups":
      stale(keys.groups);
      break;
    case "settings":
      stale(keys.settings);
      break;
    case "missed":
      void queryClient.invalidateQueries({}, { cancelRefetch: false });
  }
}

const changedKeys = new Map<number, () => void>();

function keysChanged(groupId: number) {
  const tell = changedKeys.get(groupId) ?? throttled(() => stale(keys.keysOf(groupId)), KEYS_EVERY_MS).call;
  changedKeys.set(groupId, tell);
  tell();
}

function stale(queryKey: readonly unknown[]) {
  void queryClient.invalidateQueries({ queryKey }, { cancelRefetch: false });
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((done) => {
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      done();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener("abort", end);
  });
}
