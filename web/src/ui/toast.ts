import { readonly, ref } from "vue";

export interface Toast {
  id: number;
  kind: "done" | "error";
  text: string;
}

/** How long what went well stays to be read. */
const SHOWN_MS = 5000;

const toasts = ref<Toast[]>([]);
let last = 0;

function show(kind: Toast["kind"], text: string) {
  const id = ++last;
  toasts.value = [...toasts.value.slice(-3), { id, kind, text }];
  if (kind === "done") setTimeout(() => dismiss(id), SHOWN_MS);
}

function dismiss(id: number) {
  toasts.value = toasts.value.filter((toast) => toast.id !== id);
}

/** Short words at the edge of the page: what was done goes by itself, what failed stays until it is dismissed. */
export const toast = {
  shown: readonly(toasts),
  done: (text: string) => show("done", text),
  error: (error: unknown) => show("error", error instanceof Error ? error.message : String(error)),
  dismiss,
};
