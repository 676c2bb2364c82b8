/**
 * A response's id names a position of the ledger: a continuation begins with the very tokens that were computed and
 * generated, whatever else was said since. Over the engine itself; needs the build.
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Engine } from "../../src/engine/engine.ts";
import { writeRandomModel } from "../../src/models/random/random-model.ts";
import { testServer } from "./support/test-server.ts";
import type { TestServer } from "./support/test-server.ts";

const folder = mkdtempSync(join(tmpdir(), "turnwise-continued-"));
let engine: Engine;
let test: TestServer;

beforeAll(async () => {
  const model = join(folder, "tiny.gguf");
  writeRandomModel(model, "tiny", "q8_0", 1);
  engine = await Engine.load({ model, contextTokens: 2048, maxSequences: 8 });
  test = testServer(engine);
});
afterAll(async () => {
  await test.server.close();
  await engine.dispose();
  rmSync(folder, { recursive: true });
});

interface Answer {
  readonly id: string;
  readonly output: readonly { readonly content: readonly { readonly text: string }[] }[];
  readonly turnwise: {
    readonly tokens: { readonly cached: number; readonly prefilled: number; readonly generated: number };
    readonly miss: { readonly index: number; readonly cause: string } | null;
  };
}

async function ask(body: object): Promise<Answer> {
  const response = await test.post("/v1/responses", { temperature: 0, max_output_tokens: 12, ...body });
  const answer: unknown = await response.json();
  expect({ status: response.status, answer }).toMatchObject({ status: 200 });
  return answer as Answer;
}

/** Tokens of a response's ledger that a continuation can find: all but the last, which was not computed. */
const findable = ({ turnwise: { tokens } }: Answer): number => tokens.cached + tokens.prefilled + tokens.generated - 1;
const tool = (name: string): object => ({ type: "function", name, parameters: { type: "object" } });

describe("a response's continuation", () => {
  it("with the same instructions and tools computes what is new, as do its forks", async () => {
    const same = { instructions: "You are brief.", tools: [tool("look")] };
    const first = await ask({ ...same, input: "How are you?" });
    const child = { ...same, previous_response_id: first.id };
    const next = await ask({ ...child, input: "And now?" });
    expect(next.turnwise).toMatchObject({ miss: null, tokens: { cached: findable(first) } });
    const fork = await ask({ ...child, input: "Or else?" });
    expect(fork.turnwise.miss).toBeNull();
    expect(fork.turnwise.tokens.cached).toBeGreaterThanOrEqual(findable(first));
    // Each goes on from its own end.
    for (const parent of [next, fork]) {
      const grandchild = await ask({ ...same, input: "Why?", previous_response_id: parent.id });
      expect(grandchild.turnwise).toMatchObject({ miss: null, tokens: { cached: findable(parent) } });
    }
  });

  it.each([
    ["system_changed", { instructions: "You are a poet." }],
    ["system_changed", { instructions: undefined }],
    ["tools_changed", { tools: [tool("listen")] }],
    ["tools_changed", { tools: [] }],
  ])("says %s where it has %j, and shares what is the same", async (cause, changes) => {
    const same = { instructions: "You are brief.", tools: [tool("look")] };
    const first = await ask({ ...same, input: `How is it with ${JSON.stringify(changes)}?` });
    const body = { input: "And now?", previous_response_id: first.id };
    const changed = await ask({ ...same, ...changes, ...body });
    const { index } = changed.turnwise.miss ?? { index: 0 };
    expect(changed.turnwise.miss).toEqual({ index, cause });
    // The template's first tokens, at the least; and not the whole of it.
    expect(index).toBeGreaterThan(0);
    expect(index).toBeLessThan(findable(first));
    expect(changed.turnwise.tokens.cached).toBeGreaterThanOrEqual(index);
    // Changed back, it goes on from the turns that were called so.
    const back = await ask({ ...same, input: "And then?", previous_response_id: changed.id });
    expect(back.turnwise.miss).toMatchObject({ cause });
    expect(back.turnwise.tokens.cached).toBeGreaterThanOrEqual(findable(first));
  });

  it("begins with the tokens of the response that it names, not of another with the same text", async () => {
    const words = "the weather in the mountains will be warm and dry";
    const format = { type: "json_schema", name: "forecast", schema: { enum: [words] } };
    const body = { input: "Forecast?", text: { format }, temperature: 2, max_output_tokens: 100 };
    const first = await ask(body);
    let other = await ask(body);
    for (let tries = 0; other.turnwise.tokens.generated === first.turnwise.tokens.generated && tries < 20; tries += 1)
      other = await ask(body);
    expect(other.output[0]?.content).toEqual(first.output[0]?.content);
    expect(other.turnwise.tokens.generated).not.toBe(first.turnwise.tokens.generated);
    for (const parent of [first, other]) {
      const child = await ask({ input: "Sure?", previous_response_id: parent.id });
      expect(child.turnwise).toMatchObject({ miss: null, tokens: { cached: findable(parent) } });
    }
  });
});
