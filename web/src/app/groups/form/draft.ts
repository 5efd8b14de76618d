import type { Group } from "@/api/types";

export type Channel = Group["channel_type"];

/** What the fields of the form hold. Lists have empty lines while one types; texts are trimmed when they are sent. */
export interface Draft {
  type: Group["group_type"];
  channel: Channel;
  name: string;
  displayName: string;
  description: string;
  proxyKeys: string;
  upstreams: { url: string; weight: number | null }[];
  testModel: string;
  endpoint: string;
  /** JSON as typed. */
  overrides: string;
  redirects: { asked: string; sent: string }[];
  strict: boolean;
  headers: { key: string; value: string; action: "set" | "remove" }[];
  /** Settings that differ from the system's. */
  config: Record<string, unknown>;
}

/** Where the provider of a channel is found. */
export const ADDRESSES: Record<Channel, string> = {
  openai: "https://api.openai.com",
  "openai-response": "https://api.openai.com",
  anthropic: "https://api.anthropic.com",
  gemini: "https://generativelanguage.googleapis.com",
};

export const MAX_WEIGHT = 1000;

export function blank(): Draft {
  return {
    type: "standard",
    channel: "openai",
    name: "",
    displayName: "",
    description: "",
    proxyKeys: "",
    upstreams: [{ url: ADDRESSES.openai, weight: 1 }],
    testModel: "",
    endpoint: "",
    overrides: "",
    redirects: [],
    strict: false,
    headers: [],
    config: {},
  };
}

export function draftOf(group: Group): Draft {
  const overrides = Object.keys(group.param_overrides).length > 0 ? JSON.stringify(group.param_overrides, null, 2) : "";
  return {
    type: group.group_type,
    channel: group.channel_type,
    name: group.name,
    displayName: group.display_name,
    description: group.description,
    proxyKeys: group.proxy_keys,
    upstreams: group.upstreams.map(({ url, weight }) => ({ url, weight })),
    testModel: group.group_type === "aggregate" ? "" : group.test_model,
    endpoint: group.validation_endpoint,
    overrides,
    redirects: Object.entries(group.model_redirect_rules).map(([asked, sent]) => ({ asked, sent })),
    strict: group.model_redirect_strict,
    headers: group.header_rules.map(({ key, value, action }) => ({ key, value, action })),
    config: { ...group.config },
  };
}

/** The fields as the API takes them. */
export function fieldsOf(draft: Draft) {
  const common = {
    name: draft.name.trim(),
    display_name: draft.displayName.trim(),
    description: draft.description.trim(),
    proxy_keys: draft.proxyKeys.trim(),
    channel_type: draft.channel,
  };
  if (draft.type === "aggregate") return common;
  return {
    ...common,
    upstreams: draft.upstreams.filter(({ url }) => url.trim() !== "").map(({ url, weight }) => ({ url: url.trim(), weight: weight ?? 0 })),
    test_model: draft.testModel.trim(),
    validation_endpoint: draft.channel === "gemini" ? "" : draft.endpoint.trim(),
    param_overrides: draft.overrides.trim() === "" ? {} : (JSON.parse(draft.overrides) as Record<string, never>),
    model_redirect_rules: Object.fromEntries(
      draft.redirects.filter(({ asked }) => asked.trim() !== "").map(({ asked, sent }) => [asked.trim(), sent.trim()]),
    ),
    model_redirect_strict: draft.strict,
    header_rules: draft.headers.filter(({ key }) => key.trim() !== "").map(({ key, value, action }) => ({ key: key.trim(), value, action })),
    config: draft.config,
  };
}

/** Only what differs from `before`: what one has not touched goes back as it was stored, to the last digit. */
export function changes(before: Draft, now: Draft): Partial<ReturnType<typeof fieldsOf>> {
  const [old, fields] = [fieldsOf(before), fieldsOf(now)];
  const same = (name: string) => JSON.stringify(old[name as keyof typeof old]) === JSON.stringify(fields[name as keyof typeof fields]);
  return Object.fromEntries(Object.entries(fields).filter(([name]) => !same(name)));
}

/** The part of the traffic that each weight gets, 0 to 1. */
export function shares(weights: readonly (number | null)[]): number[] {
  const total = weights.reduce<number>((sum, weight) => sum + (weight ?? 0), 0);
  return weights.map((weight) => (total === 0 ? 0 : (weight ?? 0) / total));
}
