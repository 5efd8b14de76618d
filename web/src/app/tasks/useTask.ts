import { useQuery } from "@tanstack/vue-query";
import { computed, ref } from "vue";

import { client, unwrap } from "@/api/client";
import { keys } from "@/api/queries";
import { useNow } from "@/lib/clock";
import { parseTime } from "@/lib/format";

const DISMISSED = "gpt-load.task-dismissed";
/** So long a result stays to be seen by who comes later, in milliseconds. */
const SHOWN_MS = 10 * 60_000;

/** The last task of the server. Events keep it fresh; being the server's, it survives a reload and is seen by everybody. */
export function useTask() {
  const { data } = useQuery({ queryKey: keys.task, queryFn: ({ signal }) => unwrap(client.GET("/api/tasks/status", { signal })) });
  const now = useNow();
  const dismissed = ref(localStorage.getItem(DISMISSED));

  const task = computed(() => {
    const last = data.value;
    if (!last || last.task_type === "") return undefined;
    if (last.is_running) return last;
    const isRecent = now.value - (parseTime(last.finished_at) ?? 0) < SHOWN_MS;
    return isRecent && dismissed.value !== last.started_at ? last : undefined;
  });

  function dismiss() {
    dismissed.value = task.value?.started_at ?? null;
    localStorage.setItem(DISMISSED, dismissed.value ?? "");
  }

  return { task, dismiss };
}
