/** A finished turn for tests that care for a few of its fields. */

import type { Turn } from "../../src/turns/turn.ts";

export function makeTurn(fields: Partial<Turn> = {}): Turn {
  return {
    id: "turn_1",
    frame: {},
    messages: [],
    promptText: "",
    ledger: new Int32Array(2),
    pendingText: "",
    cacheKey: "",
    usage: { promptTokens: 1, outputTokens: 1, cachedTokens: 0, preemptions: 0 },
    timings: { queueMs: 0, prefillMs: 0, decodeMs: 0 },
    miss: null,
    departure: null,
    ...fields,
  };
}
