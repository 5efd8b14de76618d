import { describe, expect, it } from "vitest";

import { ICONS } from "./ui/icons";
import tokens from "./ui/tokens.css?raw";

const sources = import.meta.glob<string>(["./**/*.vue", "./**/*.css"], { query: "?raw", import: "default", eager: true });
const scripts = import.meta.glob<string>(["./**/*.ts", "!./**/*.test.ts", "!./ui/icons.ts"], { query: "?raw", import: "default", eager: true });
const others = Object.entries(sources).filter(([path]) => !path.endsWith("tokens.css"));

describe("sources", () => {
  it("take colours from tokens.css only", () => {
    const found = others.filter(([, text]) => /#[0-9a-f]{3,8}\b(?![^<]*<\/)|\brgba?\(|\bhsla?\(/i.test(styleOf(text)));
    expect(found.map(([path]) => path)).toEqual([]);
  });

  it("use variables that there are", () => {
    const known = new Set([...tokens.matchAll(/(--[\w-]+):/g)].map(([, name]) => name));
    const used = others.flatMap(([path, text]) => [...text.matchAll(/var\((--[\w-]+)/g)].map(([, name]) => [path, name] as const));
    expect(used.filter(([, name]) => !known.has(name ?? "") && !name?.startsWith("--reka-"))).toEqual([]);
  });

  it("have no inline styles, which the content security policy forbids", () => {
    expect(others.filter(([, text]) => /\sstyle="/.test(text)).map(([path]) => path)).toEqual([]);
  });

  it("are all used: components, and icons", () => {
    const all = Object.entries({ ...sources, ...scripts });
    const isUsed = (word: RegExp, but = "") => all.some(([path, text]) => path !== but && word.test(text));
    const components = Object.keys(sources).filter((path) => path.endsWith(".vue"));
    expect(components.filter((path) => !isUsed(new RegExp(`/${path.split("/").at(-1)}"`), path))).toEqual([]);
    expect(Object.keys(ICONS).filter((name) => !isUsed(new RegExp(`["']${name}["']|\\b${name}:`)))).toEqual([]);
  });

  it("are components of at most 250 lines", () => {
    const long = others.filter(([path, text]) => path.endsWith(".vue") && text.split("\n").length > 250);
    expect(long.map(([path]) => path)).toEqual([]);
  });
});

describe("colours", () => {
  const pairs = [...tokens.matchAll(/(--[\w-]+): light-dark\((#\w{6}), (#\w{6})\)/g)];
  const colours = new Map(pairs.map(([, name, light, dark]) => [name, [light, dark]] as [string, [string, string]]));
  const on = (ink: string, grounds: string[]) => grounds.map((ground) => [ink, ground] as const);
  const surfaces = ["--surface", "--surface-sunken", "--surface-raised", "--surface-hover"];
  const readable = [
    ...["--ink", "--ink-muted", "--accent", "--active", "--cooling", "--invalid", "--disabled"].flatMap((ink) => on(ink, surfaces)),
    ...["--ink", "--ink-muted"].flatMap((ink) => on(ink, ["--surface-active", "--surface-selected"])),
    ...["accent", "active", "cooling", "invalid", "disabled"].flatMap((name) => on(`--${name}`, [`--${name}-soft`])),
    ...on("--ink-on-accent", ["--accent", "--accent-hover"]),
    ...on("--ink-on-danger", ["--danger", "--danger-hover"]),
  ];

  it.each([0, 1])("can be read in theme %i", (theme) => {
    for (const [ink, ground] of readable) {
      const ratio = contrast(colours.get(ink)?.[theme] ?? "", colours.get(ground)?.[theme] ?? "");
      expect(ratio, `${ink} on ${ground}`).toBeGreaterThanOrEqual(4.5);
    }
    const edge = contrast(colours.get("--border-control")?.[theme] ?? "", colours.get("--surface")?.[theme] ?? "");
    expect(edge, "the edge of an input").toBeGreaterThanOrEqual(3);
  });
});

function styleOf(text: string): string {
  return text.includes("<style") ? text.slice(text.indexOf("<style")) : text;
}

/** The contrast ratio of WCAG 2. */
function contrast(one: string, other: string): number {
  const [high, low] = [luminance(one), luminance(other)].sort((a, b) => b - a) as [number, number];
  return (high + 0.05) / (low + 0.05);
}

function luminance(colour: string): number {
  const [red, green, blue] = [1, 3, 5].map((at) => {
    const value = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
