export interface Frame {
  event: string;
  data: string;
}

/** The events of a stream as they come; ends with the stream. Comments only call `alive`. */
export async function* frames(body: ReadableStream<Uint8Array>, alive: () => void): AsyncGenerator<Frame> {
  const reader = body.pipeThrough(new TextDecoderStream() as TransformStream<Uint8Array, string>).getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    alive();
    const parts = (rest + value).replaceAll("\r\n", "\n").split("\n\n");
    rest = parts.pop() ?? "";
    for (const part of parts) {
      const frame = parse(part);
      if (frame) yield frame;
    }
  }
}

function parse(text: string): Frame | undefined {
  const lines = text.split("\n").filter((line) => !line.startsWith(":"));
  const all = (name: string) => lines.filter((line) => line.startsWith(`${name}:`)).map((line) => line.slice(name.length + 1).trim());
  const data = all("data").join("\n");
  return data === "" ? undefined : { event: all("event")[0] ?? "message", data };
}
