import { describe, expect, it } from "vitest";

import { frames } from "./sse";

async function read(...pieces: string[]) {
  const bytes = new TextEncoder();
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const piece of pieces) controller.enqueue(bytes.encode(piece));
      controller.close();
    },
  });
  const found: string[] = [];
  let signs = 0;
  for await (const { event, data } of frames(body, () => signs++)) found.push(`${event} ${data}`);
  return { found, signs };
}

describe("frames", () => {
  it("are told apart wherever the bytes are cut", async () => {
    const { found } = await read("event: keys\nda", 'ta: {"a":1}\n', "\nevent:task\ndata:{}\n\n");
    expect(found).toEqual(['keys {"a":1}', "task {}"]);
  });

  it("have no comments among them, which are a sign of life all the same", async () => {
    const { found, signs } = await read(":\n\n", "event: groups\r\ndata: {}\r\n\r\n");
    expect(found).toEqual(["groups {}"]);
    expect(signs).toBe(2);
  });

  it("come whole or not at all", async () => {
    const { found } = await read("event: keys\ndata: {}\n");
    expect(found).toEqual([]);
  });
});
