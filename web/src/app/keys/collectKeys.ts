import { client, unwrap } from "@/api/client";
import type { Key } from "@/api/types";

import { asQuery, type KeyFilter } from "./keyFilter";

/** As many as the server gives at once. */
const STEP = 1000;

/** All keys that a filter finds, by ascending ids. Each step begins after the last one's end, so that none is missed or told twice. */
export async function collectKeys(group: number, filter: KeyFilter): Promise<Key[]> {
  const found: Key[] = [];
  for (let from = filter.range?.from ?? 0; ; ) {
    const range = { from, to: filter.range?.to ?? Number.MAX_SAFE_INTEGER };
    const query = { group_id: group, ...asQuery({ ...filter, range }), sort: "id", order: "asc", page: 1, page_size: STEP } as const;
    const { items } = await unwrap(client.GET("/api/keys", { params: { query } }));
    found.push(...items);
    const last = items.at(-1);
    if (!last || items.length < STEP) return found;
    from = last.id + 1;
  }
}
