import * as fc from "fast-check";
import { expect, test } from "vitest";
import { sseData } from "./stream-chat.ts";

async function collect(chunks: readonly Uint8Array[]): Promise<readonly string[]> {
  async function* body(): AsyncGenerator<Uint8Array> {
    yield* chunks;
  }
  const events: string[] = [];
  for await (const data of sseData(body())) events.push(data);
  return events;
}

test("reads the data of each event whatever the chunks are; comments and other fields are skipped", async () => {
  const stream = ': ping\n\ndata: {"a":"äöü€😀"}\n\nevent: x\ndata:two\ndata: lines\r\n\r\ndata: [DONE]\n\ndata: cut';
  const bytes = new TextEncoder().encode(stream);
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat({ max: bytes.length })), async (cuts) => {
      const borders = [0, ...cuts.toSorted((a, b) => a - b), bytes.length];
      const chunks = borders.slice(1).map((end, index) => bytes.subarray(borders[index], end));
      expect(await collect(chunks)).toEqual(['{"a":"äöü€😀"}', "two\nlines", "[DONE]"]);
    }),
  );
});
