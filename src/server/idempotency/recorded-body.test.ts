import { describe, expect, it } from "vitest";
import { RecordedBody } from "./recorded-body.ts";

const STAY = new AbortController().signal;
const chunk = (bytes: number, value: number): Uint8Array => new Uint8Array(bytes).fill(value);
const tick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function readAll(body: RecordedBody, leave = STAY): Promise<number[]> {
  const values: number[] = [];
  for await (const [value = -1] of body.read(leave)) values.push(value);
  return values;
}

async function* hundredChunks(): AsyncGenerator<Uint8Array> {
  for (let value = 0; value < 100; value++) yield chunk(10_000, value);
}

async function* failing(): AsyncGenerator<Uint8Array> {
  yield chunk(1, 7);
  await tick();
  throw new RangeError("gone");
}

describe("RecordedBody", () => {
  it("gives every reader all of it, whenever they come", async () => {
    const body = new RecordedBody(1000);
    async function* source(): AsyncGenerator<Uint8Array> {
      for (let value = 0; value < 5; value++) {
        await tick();
        yield chunk(10, value);
      }
    }
    const early = readAll(body);
    const recorded = body.record(source());
    await tick();
    const late = readAll(body);
    await recorded;
    const afterwards = readAll(body);
    for (const read of [early, late, afterwards]) expect(await read).toEqual([0, 1, 2, 3, 4]);
    expect([body.heldBytes, body.isKept]).toEqual([50, true]);
  });

  it("does not run ahead of its readers once it is too long to be kept", async () => {
    const body = new RecordedBody(100_000);
    let made = 0;
    async function* source(): AsyncGenerator<Uint8Array> {
      for (; made < 100; made++) yield chunk(10_000, made);
    }
    const reader = body.read(STAY);
    const first = reader.next();
    const recorded = body.record(source());
    await first;
    for (let count = 0; count < 200; count++) await tick();
    expect(made).toBeLessThan(20);
    expect(body.isKept).toBe(false);
    const rest: number[] = [];
    for await (const [value = -1] of reader) rest.push(value);
    await recorded;
    expect(rest).toEqual(Array.from({ length: 99 }, (_, index) => index + 1));
  });

  it("lets a reader leave, and goes on without", async () => {
    const body = new RecordedBody(100_000);
    const leave = new AbortController();
    const reader = body.read(leave.signal);
    const first = reader.next();
    const recorded = body.record(hundredChunks());
    await first;
    leave.abort();
    expect(await reader.next()).toEqual({ done: true, value: undefined });
    await recorded;
    expect([body.isKept, body.heldBytes]).toEqual([false, 0]);
  });

  it("ends for its readers where the source fails", async () => {
    const body = new RecordedBody(1000);
    const read = readAll(body);
    await expect(body.record(failing())).rejects.toThrow("gone");
    expect(await read).toEqual([7]);
  });
});
