import { download as save } from "@/lib/download";

import { callHeaders, unreachable, unauthorized } from "./client";
import { ApiError } from "./error";

type Query = Record<string, string | number | boolean | undefined>;

/** Saves what the API gives as a file, under the name the server gives it. The key goes by a header, so that no address holds it. */
export async function download(path: string, query: Query) {
  const given = Object.entries(query).filter(([, value]) => value !== undefined);
  const address = `${path}?${new URLSearchParams(given.map(([name, value]) => [name, String(value)]))}`;
  const response = await fetch(address, { headers: callHeaders() }).catch(() => {
    throw unreachable();
  });
  if (response.status === 401) unauthorized();
  if (!response.ok) throw await ApiError.of(response);
  save(nameOf(response.headers.get("content-disposition")), await response.blob());
}

/** The file name in a Content-Disposition (RFC 6266). */
export function nameOf(disposition: string | null): string {
  return /filename="?([^";]+)/.exec(disposition ?? "")?.[1] ?? "export.txt";
}
