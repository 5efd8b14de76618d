import { useQueryClient } from "@tanstack/vue-query";

import { client, unwrap } from "@/api/client";
import { keys as names } from "@/api/queries";
import type { TaskStatus } from "@/api/types";

/** What is given to the server: text, or a file as it is. */
export interface Given {
  text: string;
  file: File | undefined;
}

/** Starts the tasks that work on texts of keys. Their progress is shown by the bar that stands on every page. */
export function useKeysTask() {
  const cache = useQueryClient();

  async function send(path: "/api/keys/add-async" | "/api/keys/delete-async", group_id: number, { text, file }: Given) {
    const status: TaskStatus = await unwrap(
      file
        ? client.POST(path, { body: { group_id, file: file as unknown as string }, bodySerializer: formOf })
        : client.POST(path, { body: { group_id, keys_text: text } }),
    );
    // The stream's next word on it may be a second away.
    cache.setQueryData(names.task, status);
  }

  return {
    add: (group: number, given: Given) => send("/api/keys/add-async", group, given),
    remove: (group: number, given: Given) => send("/api/keys/delete-async", group, given),
  };
}

function formOf(fields: Record<string, unknown>): FormData {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.append(name, value instanceof Blob ? value : String(value));
  return form;
}
