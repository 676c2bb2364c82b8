/**
 * `npm run bench:peers-agree`: the built-in model's greedy replies by Turnwise and by llama-server, from the same
 * file and the same prompts; see README.md.
 *
 *   node bench/peers/agree.mjs [--prompts N]
 *
 *   --prompts N   places of the held-out conversations where the assistant speaks; by default 100
 */

import { existsSync } from "node:fs";
import { join } from "node:path";
import { scriptOptions } from "../../scripts/script-options.mjs";
import { preparePeers } from "./build-llama-cpp.mjs";
import { withServer } from "./server-process.mjs";
import { SERVERS } from "./servers.mjs";
import { ROOT, TURNWISE } from "./turnwise-cli.mjs";

const { values } = scriptOptions({ options: { prompts: { type: "string", default: "100" } } });
const MODEL = join(ROOT, "models", "turnwise-agent.gguf");
const URL_BASE = `http://127.0.0.1:${SERVERS.port}`;
const MAX_TOKENS = 128;
const KV_BYTES = 1 << 28;
/** Of the replies: rounding decides between two tokens that are all but equally likely. */
const LEAST_SHARE = 0.95;

async function post(path, body) {
  const headers = { "content-type": "application/json" };
  const response = await fetch(`${URL_BASE}${path}`, { method: "POST", headers, body: JSON.stringify(body) });
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  return response.json();
}

async function renderedPrompts(count) {
  const { evalItems, heldOutConversations } = await import(join(ROOT, "dist", "eval", "agent", "held-out.js"));
  const { Engine } = await import(join(ROOT, "dist", "index.js"));
  const engine = await Engine.load({ model: MODEL });
  try {
    const items = evalItems(heldOutConversations(count)).slice(0, count);
    return await Promise.all(
      items.map(({ conversation: { tools, steps }, step }) => {
        const messages = steps.slice(0, step).map(({ message }) => message);
        return engine.renderChat({ messages, tools, addGenerationPrompt: true });
      }),
    );
  } finally {
    await engine.dispose();
  }
}

async function greedyReplies(prompts) {
  const replies = [];
  for (const prompt of prompts) {
    const { choices } = await post("/v1/completions", { prompt, max_tokens: MAX_TOKENS, temperature: 0 });
    replies.push(choices[0].text);
  }
  return replies;
}

if (!existsSync(TURNWISE)) throw new Error("build Turnwise first: npm run build");
preparePeers((line) => process.stderr.write(`${line}\n`), { server: true });
const settings = { model: MODEL, threads: 2, kvBytes: KV_BYTES, peerKvBytes: KV_BYTES, sessions: 1 };
const commandOf = (wanted) => SERVERS.find(({ name }) => name === wanted).command(settings);
const prompts = await renderedPrompts(Number(values.prompts));
const ours = await withServer([...commandOf("turnwise"), "--kv-type", "f16"], URL_BASE, () => greedyReplies(prompts));
const theirs = await withServer(commandOf("llama-server fa-off f16"), URL_BASE, () => greedyReplies(prompts));

const different = ours.flatMap((text, index) => (text === theirs[index] ? [] : [index]));
for (const index of different) {
  console.log(
    `${index} Turnwise:  ${JSON.stringify(ours[index])}\n${index} llama.cpp: ${JSON.stringify(theirs[index])}`,
  );
}
console.log(`${ours.length - different.length} of ${ours.length} greedy replies are the same`);
process.exitCode = different.length <= (1 - LEAST_SHARE) * ours.length ? 0 : 1;
