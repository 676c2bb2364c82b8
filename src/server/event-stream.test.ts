import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { dataEvent, eventStream } from "./event-stream.ts";
import type { EventStreamOptions, ServerEvent } from "./event-stream.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function streamOf(events: AsyncIterable<ServerEvent>, overrides: Partial<EventStreamOptions> = {}) {
  const onCancel = vi.fn<() => void>();
  const onEnd = vi.fn<() => void>();
  return { stream: eventStream(events, { pingMs: 0, onCancel, onEnd, ...overrides }), onCancel, onEnd };
}

/** The text that `reader` gives until the stream ends. */
async function rest(stream: ReadableStream<Uint8Array>): Promise<string> {
  let text = "";
  for await (const bytes of stream) text += new TextDecoder().decode(bytes);
  return text;
}

const event = (data: string): ServerEvent => ({ name: null, data });

async function* after(ms: number, ...events: readonly ServerEvent[]): AsyncGenerator<ServerEvent> {
  for (const next of events) {
    await new Promise((resolve) => setTimeout(resolve, ms));
    yield next;
  }
}

describe("eventStream", () => {
  it("passes events on and ends once", async () => {
    const { stream, onCancel, onEnd } = streamOf(after(10, event("a"), { name: "named", data: "b" }));
    const text = rest(stream);
    await vi.runAllTimersAsync();
    expect(await text).toBe("data: a\n\nevent: named\ndata: b\n\n");
    expect(onEnd).toHaveBeenCalledTimes(1);
    expect(onCancel).not.toHaveBeenCalled();
  });

  it("pings after each silence, counted from the last event", async () => {
    const { stream } = streamOf(after(25, event("a"), event("b")), { pingMs: 10 });
    const text = rest(stream);
    await vi.advanceTimersByTimeAsync(100);
    expect(await text).toBe(": ping\n\n: ping\n\ndata: a\n\n: ping\n\n: ping\n\ndata: b\n\n");
    expect(vi.getTimerCount()).toBe(0);
  });

  it("takes no more than its buffer holds until the client reads, and sends no pings then", async () => {
    let taken = 0;
    const big = "x".repeat(20_000);
    async function* endless(): AsyncGenerator<ServerEvent> {
      for (;;) {
        taken += 1;
        yield event(big);
      }
    }
    const { stream } = streamOf(endless(), { pingMs: 10 });
    await vi.advanceTimersByTimeAsync(1000);
    expect(taken).toBe(4);
    const reader = stream.getReader();
    const sizes: (number | undefined)[] = [];
    for (let read = 0; read < 5; read += 1) sizes.push((await reader.read()).value?.length);
    expect(sizes).toEqual(Array(5).fill("data: ".length + big.length + 2));
    await vi.advanceTimersByTimeAsync(0);
    expect(taken).toBe(9);
    await reader.cancel();
  });

  it("tells its owner when the client leaves, and leaves the source", async () => {
    let left = false;
    async function* endless(): AsyncGenerator<ServerEvent> {
      try {
        for (;;) {
          await new Promise((resolve) => setTimeout(resolve, 10));
          yield event("x");
        }
      } finally {
        left = true;
      }
    }
    const { stream, onCancel, onEnd } = streamOf(endless(), { pingMs: 5 });
    await vi.advanceTimersByTimeAsync(35);
    await stream.cancel();
    expect(onCancel).toHaveBeenCalledTimes(1);
    await vi.advanceTimersByTimeAsync(20);
    expect(left).toBe(true);
    expect(onEnd).toHaveBeenCalledTimes(1);
    expect(vi.getTimerCount()).toBe(0);
  });
});

it("dataEvent keeps line breaks inside the JSON", () => {
  expect(dataEvent({ text: "a\nb" })).toEqual(event('{"text":"a\\nb"}'));
});
