import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { TurnwiseError } from "../base/errors.ts";
import { readJsonBody } from "./read-body.ts";

type Body = string | Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array>;

const LIMIT_BYTES = 100_000;

function requestOf(body: Body): Request {
  const headers = { "content-type": "application/json" };
  return new Request("http://x/", { method: "POST", body, headers, duplex: "half" } as RequestInit);
}

const read = (body: Body, signal = new AbortController().signal): Promise<unknown> =>
  readJsonBody(requestOf(body), LIMIT_BYTES, signal);

/** Null where `bytes` are read; the error otherwise. */
const failureOf = (bytes: Uint8Array<ArrayBuffer>): Promise<unknown> =>
  read(bytes).then(
    () => null,
    (error: unknown) => error,
  );

const nullOrInvalid = expect.toSatisfy(
  (error) => error === null || (error instanceof TurnwiseError && error.code === "invalid_json"),
) as unknown;

/** How often the event loop turns while a body with `content` is read. */
async function turnsToRead(content: string): Promise<number> {
  let turns = 0;
  let isReading = true;
  const count = (): void => {
    if (!isReading) return;
    turns += 1;
    setImmediate(count);
  };
  setImmediate(count);
  const body = requestOf(JSON.stringify({ content }));
  expect(await readJsonBody(body, 1e6, new AbortController().signal)).toEqual({ content });
  isReading = false;
  return turns;
}

describe("readJsonBody", () => {
  it("lets the event loop turn between the passes over a large body", async () => {
    const few = await turnsToRead("small");
    // Decoding, its shape, its values, and what is made of them.
    expect(await turnsToRead("large ".repeat(50_000))).toBeGreaterThanOrEqual(few + 3);
  });

  it("reads any JSON, however it is cut into chunks", async () => {
    await fc.assert(
      fc.asyncProperty(fc.json({ maxDepth: 6 }), fc.integer({ min: 1, max: 50 }), async (text, size) => {
        const bytes = new TextEncoder().encode(text);
        let offset = 0;
        const chunks = new ReadableStream<Uint8Array>({
          pull(controller) {
            if (offset >= bytes.length) return controller.close();
            controller.enqueue(bytes.slice(offset, (offset += size)));
          },
        });
        expect(await read(chunks)).toEqual(JSON.parse(text));
      }),
      { numRuns: 200 },
    );
  });

  it("ends in a value or a typed error, whatever the bytes", async () => {
    const text = JSON.stringify({ messages: [{ role: "user", content: 'é "quoted" \\ [{,' }], n: 1 });
    const valid = new TextEncoder().encode(text);
    for (let length = 0; length < valid.length; length += 1) {
      await expect(read(valid.slice(0, length))).rejects.toMatchObject({ code: "invalid_json" });
      const flipped = valid.map((byte, index) => (index === length ? byte ^ 0x14 : byte));
      expect(await failureOf(flipped)).toEqual(nullOrInvalid);
    }
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (bytes) => {
        expect(await failureOf(Uint8Array.from(bytes))).toEqual(nullOrInvalid);
      }),
      { numRuns: 300 },
    );
  });

  it("takes time in proportion to the body", async () => {
    const started = performance.now();
    for (const part of ['"\\\\', '\\"', "[", '"', "\\"]) {
      const body = `"${part.repeat(90_000 / part.length)}`;
      await expect(read(body)).rejects.toMatchObject({ code: "invalid_json" });
    }
    expect(performance.now() - started).toBeLessThan(1000);
  });

  it("stops waiting for a body when the request is cancelled", async () => {
    const cancel = new AbortController();
    const endless = new ReadableStream<Uint8Array>({ pull: () => new Promise(() => undefined) });
    const reading = read(endless, cancel.signal);
    const reason = new TurnwiseError("draining", {});
    setTimeout(() => cancel.abort(reason), 10);
    await expect(reading).rejects.toBe(reason);
  });

  it("says that a body broke off", async () => {
    const broken = new ReadableStream({ pull: (controller) => controller.error(new TypeError("reset")) });
    await expect(read(broken)).rejects.toMatchObject({ code: "http_malformed" });
  });
});
