import { type Draft, MAX_WEIGHT } from "./draft";

/** What is wrong with a field: a key of the texts, and values for it. */
export type Fault = "required" | "name" | "taken" | "url" | "weight" | "noUpstream" | "json" | "object" | "twice" | "header" | "path";

/** Faults by the field's name; of lists by `name.index`. */
export type Faults = Partial<Record<string, Fault>>;

const NAME = /^[a-z0-9_-]{1,100}$/;
/** RFC 9110, 5.1. */
const HEADER = /^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/;

/** What keeps a draft from being saved. `names` are those of the other groups. */
export function faultsOf(draft: Draft, names: ReadonlySet<string>): Faults {
  const found: Faults = { name: nameFault(draft.name.trim(), names) };
  if (draft.type === "standard") Object.assign(found, standardFaults(draft));
  return Object.fromEntries(Object.entries(found).filter(([, fault]) => fault !== undefined));
}

function nameFault(name: string, names: ReadonlySet<string>): Fault | undefined {
  if (name === "") return "required";
  if (!NAME.test(name)) return "name";
  return names.has(name) ? "taken" : undefined;
}

function standardFaults(draft: Draft): Faults {
  const found: Faults = {};
  draft.upstreams.forEach(({ url, weight }, index) => {
    if (url.trim() !== "" && !isHttpUrl(url)) found[`upstreams.${index}`] = "url";
    else if (weight === null || weight < 0 || weight > MAX_WEIGHT || !Number.isInteger(weight)) found[`upstreams.${index}`] = "weight";
  });
  if (draft.upstreams.every(({ url }) => url.trim() === "")) found["upstreams"] = "noUpstream";
  if (draft.testModel.trim() === "") found["testModel"] = "required";
  if (draft.endpoint.trim() !== "" && !draft.endpoint.trim().startsWith("/")) found["endpoint"] = "path";
  found["overrides"] = overridesFault(draft.overrides);
  repeated(draft.redirects.map(({ asked }) => asked.trim())).forEach((index) => (found[`redirects.${index}`] = "twice"));
  draft.redirects.forEach(({ asked, sent }, index) => {
    if (asked.trim() !== "" && sent.trim() === "") found[`redirects.${index}`] = "required";
  });
  repeated(draft.headers.map(({ key }) => key.trim().toLowerCase())).forEach((index) => (found[`headers.${index}`] = "twice"));
  draft.headers.forEach(({ key }, index) => {
    if (key.trim() !== "" && !HEADER.test(key.trim())) found[`headers.${index}`] = "header";
  });
  return found;
}

function overridesFault(typed: string): Fault | undefined {
  if (typed.trim() === "") return undefined;
  try {
    const value: unknown = JSON.parse(typed);
    return value !== null && typeof value === "object" && !Array.isArray(value) ? undefined : "object";
  } catch {
    return "json";
  }
}

function isHttpUrl(typed: string): boolean {
  const url = URL.parse(typed.trim());
  return url !== null && (url.protocol === "http:" || url.protocol === "https:") && url.hostname !== "";
}

/** Where a text stands that stood before; empty ones don't count. */
function repeated(texts: readonly string[]): number[] {
  return texts.flatMap((text, index) => (text !== "" && texts.indexOf(text) < index ? [index] : []));
}
