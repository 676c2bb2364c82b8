import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import type { EngineApi } from "../../engine/types.ts";
import { heldOutConversations } from "./held-out.ts";
import { replyPerplexity } from "./reply-perplexity.ts";
import { runAgentEval } from "./run-agent-eval.ts";

/** Tokens are characters. Of several requests at once the last to come is the first to be done. */
function fakeEngine(maxSequences: number): EngineApi {
  let requests = 0;
  const delay = (): Promise<void> => sleep(maxSequences === 1 ? 0 : 3 * (maxSequences - (requests++ % maxSequences)));
  const api = {
    model: { toolFormat: "json" },
    capacity: { maxSequences },
    renderChat: async ({ messages }: { messages: readonly object[] }) =>
      messages.map((message) => JSON.stringify(message)).join(""),
    tokenize: async (text: string) => Int32Array.from(text, (letter) => letter.charCodeAt(0)),
    score: async (tokens: Int32Array, from: number) => {
      await delay();
      // Of many magnitudes, and large, so that a sum in another order shows.
      return { logprobs: Float32Array.from(tokens.subarray(from), (token) => -Math.exp((token % 50) - 41)) };
    },
    async *generate() {
      await delay();
      yield { kind: "delta", choice: 0, text: "Hm.", tokens: [] };
    },
  };
  return api as unknown as EngineApi;
}

it("gives the same to the last bit, whichever conversation is scored first", async () => {
  const conversations = heldOutConversations(12);
  const [alone, together] = [1, 5].map((sequences) => replyPerplexity(fakeEngine(sequences), conversations, undefined));
  expect(await together).toEqual(await alone);
  expect((await alone)?.perplexity).toBeLessThan(Infinity);
});

it("shows the same mistakes, whichever place is judged first", async () => {
  const [alone, together] = [1, 5].map((sequences) =>
    runAgentEval(fakeEngine(sequences), { conversations: 12, grammar: false }),
  );
  const mistakes = (await alone)?.mistakes;
  expect(mistakes?.length).toBe(20);
  expect((await together)?.mistakes).toEqual(mistakes);
});
