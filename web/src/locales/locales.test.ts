import { describe, expect, it } from "vitest";

import { pick } from "../locales";
import en from "./en";
import ja from "./ja";
import zh from "./zh";

/** Every text with its path. */
function texts(node: unknown, path = ""): [string, string][] {
  if (typeof node === "string") return [[path, node]];
  return Object.entries(node as Record<string, unknown>).flatMap(([key, value]) => texts(value, path ? `${path}.${key}` : key));
}

const names = (text: string) => [...new Set(text.match(/\{\w+\}/g))].sort();

describe("texts", () => {
  const english = new Map(texts(en));

  it.each([["zh", zh], ["ja", ja]] as const)("%s says the same things with the same figures in them", (_, messages) => {
    const translated = texts(messages);
    expect(translated.map(([path]) => path).sort()).toEqual([...english.keys()].sort());
    for (const [path, text] of translated) {
      const wanted = names(english.get(path) ?? "");
      // Of texts that count, English may leave the figure out of the form for one.
      expect([path, names(text)]).toEqual([path, wanted]);
    }
  });

  it("are never empty and have no exclamation marks", () => {
    for (const [path, text] of [...texts(en), ...texts(zh), ...texts(ja)]) expect([path, text.trim() !== "" && !/[!！]/.test(text)]).toEqual([path, true]);
  });
});

describe("the language", () => {
  it("is the first of the reader's that we speak", () => {
    expect(pick(["fr-FR", "ja", "en"])).toBe("ja-JP");
    expect(pick(["zh-TW"])).toBe("zh-CN");
    expect(pick(["fr"])).toBe("en-US");
  });
});
