import createClient, { type Middleware } from "openapi-fetch";

import { i18n } from "@/locales";

import { ApiError } from "./error";
import type { paths } from "./schema.gen";
import { reachability } from "./reachability";
import { useSession } from "./session";

/** Called when the server no longer takes the key; the router leads to the login. */
let onUnauthorized: () => void = () => undefined;

export function whenUnauthorized(callback: () => void) {
  onUnauthorized = callback;
}

/** Says that the server no longer takes the key. */
export function unauthorized() {
  onUnauthorized();
}

const middleware: Middleware = {
  onRequest({ request }) {
    for (const [name, value] of Object.entries(callHeaders())) request.headers.set(name, value);
    return request;
  },
  async onResponse({ response, schemaPath }) {
    reachability.seen();
    if (response.ok) return;
    if (response.status === 401 && schemaPath !== "/api/auth/login") onUnauthorized();
    throw await ApiError.of(response);
  },
  onError({ error }) {
    if (error instanceof DOMException && error.name === "AbortError") return error;
    return unreachable();
  },
};

/** The generated client as it is: paths, parameters and bodies are checked by their types; failures are thrown as `ApiError`. */
export const client = createClient<paths>({ baseUrl: window.location.origin });
client.use(middleware);

/** What every call says of whoever makes it. */
export function callHeaders(): Record<string, string> {
  return { Authorization: `Bearer ${useSession().key}`, "Accept-Language": i18n.global.locale.value };
}

interface Enveloped {
  data?: { data?: unknown } | undefined;
}

/** `data` of the answer's envelope: `const groups = await unwrap(client.GET("/api/groups"))`. */
export async function unwrap<T extends Enveloped>(call: Promise<T>): Promise<DataOf<T>> {
  return (await call).data?.data as DataOf<T>;
}

type DataOf<T extends Enveloped> = NonNullable<T["data"]> extends { data: infer D } ? D : undefined;

/** `message` of the answer's envelope, for calls that say there what they did. */
export async function messageFrom(call: Promise<{ data?: { message: string } | undefined }>): Promise<string> {
  return (await call).data?.message ?? "";
}

/** Notes that the server is away, and makes the failure of it. */
export function unreachable(): ApiError {
  reachability.missed();
  return new ApiError(0, "UNREACHABLE", i18n.global.t("error.unreachable"));
}
