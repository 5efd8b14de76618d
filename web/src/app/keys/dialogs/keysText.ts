/** What separates keys in a text; the server splits it the same way. */
const BETWEEN = /[\s,;]+/;

/** How many entries a text of keys has: a JSON array's strings, or words. */
export function countEntries(text: string): number {
  if (text.trimStart().startsWith("[")) {
    try {
      const list: unknown = JSON.parse(text);
      if (Array.isArray(list)) return list.length;
    } catch {
      // Not JSON after all: words.
    }
  }
  return text.split(BETWEEN).filter((word) => word !== "").length;
}
