/** A thread for masks that fails: it is noticed soon, replaced a few times, and then done without. */

import { expect, it, onTestFinished } from "vitest";
import { MaskClient } from "../../src/engine/threads/mask-client.ts";
import type { MaskPatience } from "../../src/engine/threads/mask-thread.ts";
import { compileGrammar } from "../../src/text/grammar/compile-grammar.ts";
import { buildVocabularyBytes } from "../../src/text/tokenizer/vocabulary-bytes.ts";
import { jsonVocabulary } from "../support/random-generation.ts";

const vocabulary = buildVocabularyBytes(jsonVocabulary());
const words = (): Uint32Array => new Uint32Array(Math.ceil(vocabulary.flags.length / 32));
const grammar = compileGrammar({ kind: "json_schema", schema: { type: "boolean" } });
const PATIENT: MaskPatience = { startMs: 6000, startLimitMs: 20_000, stillMs: 6000 };
const FAILING = new URL("../support/failing-mask-worker.mjs", import.meta.url);
const NEVER_READY = new URL("data:text/javascript,setInterval(() => {}, 1000)");

function clientOf(entry: URL, patience: Partial<MaskPatience> = {}): MaskClient {
  const client = new MaskClient(vocabulary, null, { entry, patience: { ...PATIENT, ...patience } });
  onTestFinished(() => client.dispose());
  return client;
}

/** Milliseconds until it is known that there will be no mask; `key` says how the thread fails. */
function waitInVain(client: MaskClient, key: string): number {
  const stream = client.open(key, grammar);
  stream.follow([], new Int32Array(0), Infinity);
  const startMs = performance.now();
  expect(stream.fill(words(), 0)).toBeNull();
  const waitedMs = performance.now() - startMs;
  stream.close();
  return waitedMs;
}

it("notices a thread that has died long before its patience ends, and starts three at most", () => {
  const client = clientOf(FAILING);
  for (const isLost of [false, false, true]) {
    expect(waitInVain(client, "dies")).toBeLessThan(PATIENT.stillMs / 2);
    expect(client.isLost).toBe(isLost);
  }
  expect(waitInVain(client, "dies")).toBeLessThan(50);
});

it("gives a thread up that stands still, and asks it for nothing more", () => {
  const client = clientOf(FAILING, { stillMs: 100 });
  const stream = client.open("stands still", grammar);
  stream.follow([], new Int32Array(0), Infinity);
  const startMs = performance.now();
  expect(stream.fill(words(), 0)).toBeNull();
  const givenUpMs = performance.now();
  expect(givenUpMs - startMs).toBeGreaterThanOrEqual(100);
  expect(givenUpMs - startMs).toBeLessThan(PATIENT.startMs);
  stream.follow([], new Int32Array(0), Infinity);
  expect(stream.fill(words(), 0)).toBeNull();
  expect(performance.now() - givenUpMs).toBeLessThan(50);
});

it("waits for one that starts, but not for long, and gives it up later", async () => {
  const client = clientOf(NEVER_READY, { startMs: 100, startLimitMs: 2000 });
  expect(waitInVain(client, "any")).toBeGreaterThanOrEqual(90);
  // Of the same thread: the time of its start is over.
  expect(waitInVain(client, "any")).toBeLessThan(50);
  await new Promise((go) => setTimeout(go, 2000));
  waitInVain(client, "any");
  expect(waitInVain(client, "any")).toBeGreaterThanOrEqual(90);
});
