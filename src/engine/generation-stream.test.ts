import { describe, expect, it, vi } from "vitest";
import { turnwiseError } from "../base/errors.ts";
import { GenerationStream } from "./generation-stream.ts";
import type { StepEvent, WirePart } from "./threads/step-messages.ts";

const TOKEN_BYTES = { bytes: Uint8Array.of(104, 105, 33), offsets: Uint32Array.of(0, 2, 3) };
const END: WirePart = {
  kind: "end",
  usage: { promptTokens: 1, outputTokens: 1, cachedTokens: 0, preemptions: 0 },
  timings: { queueMs: 0, prefillMs: 0, decodeMs: 0 },
};
const PREFILL: WirePart = { kind: "prefill", doneTokens: 1, promptTokens: 1 };

function part(value: WirePart): StepEvent {
  return { kind: "part", id: 1, part: value };
}

function make(maxUnreadTokens = 100) {
  const source = { cancel: vi.fn<() => void>(), park: vi.fn<() => void>(), resume: vi.fn<() => void>() };
  const stream = new GenerationStream(new Int32Array(1), { ...source, tokenBytes: TOKEN_BYTES, maxUnreadTokens });
  return { ...source, stream };
}

const DELTA: WirePart = { kind: "delta", choice: 0, text: "hi", tokens: [{ token: 0 }] };

describe("GenerationStream", () => {
  it("gives parts that came before the reader and parts that come after", async () => {
    const { stream } = make();
    stream.receive(part(PREFILL));
    const kinds: string[] = [];
    const reading = (async () => {
      for await (const { kind } of stream) kinds.push(kind);
    })();
    await Promise.resolve();
    stream.receive(part({ kind: "delta", choice: 0, text: "hi", tokens: [{ token: 0 }] }));
    stream.receive(part(END));
    await reading;
    expect(kinds).toEqual(["prefill", "delta", "end"]);
  });

  it("looks up the bytes of tokens and alternatives", async () => {
    const { stream } = make();
    const token = { token: 1, logprob: -1, topTokens: [0, 1], topLogprobs: [-0.5, -1] };
    stream.receive(part({ kind: "delta", choice: 0, text: "!", tokens: [token] }));
    const { value } = await stream[Symbol.asyncIterator]().next();
    expect(value).toEqual({
      kind: "delta",
      choice: 0,
      text: "!",
      tokens: [
        {
          token: 1,
          bytes: Uint8Array.of(33),
          logprob: -1,
          top: [
            { token: 0, bytes: Uint8Array.of(104, 105), logprob: -0.5 },
            { token: 1, bytes: Uint8Array.of(33), logprob: -1 },
          ],
        },
      ],
    });
  });

  it("throws a failure after the parts before it, once", async () => {
    const { stream } = make();
    stream.receive(part(PREFILL));
    stream.receive({ kind: "failed", id: 1, error: turnwiseError("cancelled").toJSON() });
    const reader = stream[Symbol.asyncIterator]();
    expect((await reader.next()).done).toBe(false);
    await expect(reader.next()).rejects.toMatchObject({ code: "cancelled" });
    expect(await reader.next()).toEqual({ done: true, value: undefined });
  });

  it("cancels when the reader leaves, and not after the end", async () => {
    const { stream, cancel } = make();
    stream.receive(part(PREFILL));
    for await (const _ of stream) break;
    expect(cancel).toHaveBeenCalledTimes(1);
    const ended = make();
    ended.stream.receive(part(END));
    for await (const _ of ended.stream);
    ended.stream.cancel();
    expect(ended.cancel).not.toHaveBeenCalled();
  });

  it("stops the work of a reader who falls behind, and lets it go on when half has been read", async () => {
    const { stream, park, resume } = make(4);
    for (let count = 0; count < 4; count++) stream.receive(part(DELTA));
    expect([park.mock.calls.length, stream.isParked]).toEqual([0, false]);
    stream.receive(part(DELTA));
    stream.receive(part(DELTA));
    expect([park.mock.calls.length, stream.isParked]).toEqual([1, true]);
    const reader = stream[Symbol.asyncIterator]();
    for (let count = 0; count < 3; count++) await reader.next();
    expect([resume.mock.calls.length, stream.isParked]).toEqual([0, true]);
    await reader.next();
    expect([resume.mock.calls.length, stream.isParked]).toEqual([1, false]);
    for (let count = 0; count < 3; count++) stream.receive(part(DELTA));
    expect(park).toHaveBeenCalledTimes(2);
    stream.receive(part(END));
    expect(stream.isParked).toBe(false);
    for (let count = 0; count < 6; count++) await reader.next();
    expect(resume).toHaveBeenCalledTimes(1);
  });
});
