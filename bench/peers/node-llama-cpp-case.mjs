/** One case on node-llama-cpp: MODEL THREADS prefill|decode TOKENS DEPTH; prints { tokensPerSecond }. */

import { getLlama } from "node-llama-cpp";

const [modelPath, threads, kind, tokens, depth] = process.argv.slice(2);
const count = Number(tokens);
const llama = await getLlama({ gpu: false, build: "never", maxThreads: Number(threads), logLevel: "error" });
const model = await llama.loadModel({ modelPath, gpuLayers: 0 });
const context = await model.createContext({
  contextSize: Number(depth) + count + 8,
  batchSize: 512,
  threads: Number(threads),
});
const sequence = context.getSequence();

const vocabulary = model.fileInfo.metadata.tokenizer.ggml.tokens.length;

/** Tokens spread over the vocabulary. */
const spread = (length, first = 0) => Array.from({ length }, (_, index) => ((first + index) * 7919 + 1) % vocabulary);

async function measure() {
  await sequence.clearHistory();
  const before = spread(Math.max(Number(depth), 1));
  if (kind === "decode" || Number(depth) > 0) await sequence.evaluateWithoutGeneratingNewTokens(before);
  const beginMs = performance.now();
  if (kind === "prefill") {
    await sequence.evaluateWithoutGeneratingNewTokens(spread(count, Number(depth)));
  } else {
    let generated = 0;
    // Random weights may choose the end token; it counts as any other.
    const options = { temperature: 0, yieldEogToken: true };
    for await (const token of sequence.evaluate([spread(1, 5)[0]], options)) {
      if (token === undefined || ++generated === count) break;
    }
    if (generated < count) throw new Error(`it ended after ${generated} of ${count} tokens`);
  }
  return (count * 1000) / (performance.now() - beginMs);
}

if (Number(depth) === 0) await measure();
const tokensPerSecond = await measure();
console.log(JSON.stringify({ tokensPerSecond }));
await llama.dispose();
