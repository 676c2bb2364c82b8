/** How many tokens the sessions of a load hold at their ends, and what one token takes in the KV cache. */

import { join } from "node:path";
import { ROOT } from "./turnwise-cli.mjs";

const fromDist = (path) => import(join(ROOT, "dist", path));

const { readSessions } = await fromDist("bench/turns/read-sessions.js");
const { openFileSource } = await fromDist("formats/file-source.js");
const { openModel } = await fromDist("models/open-model.js");
const { createTokenizer } = await fromDist("text/tokenizer/create-tokenizer.js");

/** Marks of a message's role that a chat template writes, about. */
const TOKENS_PER_MESSAGE = 5;

/** Of all sessions together: their messages tokenised, and their answers of the recorded length. */
export async function finalContextTokens(path, { trace, sessions, turns }) {
  const model = openModel(path, openFileSource);
  const tokenizer = createTokenizer(model.vocabulary());
  model.dispose();
  const options = { scale: 1, timeScale: 1, maxContextTokens: 2 ** 30, thinkMs: 0 };
  const all = readSessions(trace, options).sessions.slice(0, sessions);
  const tokensOf = ({ content }) =>
    TOKENS_PER_MESSAGE + tokenizer.encode(content, { addSpecial: false, parseSpecial: false }).length;
  const ofTurn = ({ messages, outputTokens }) =>
    messages.reduce((sum, message) => sum + tokensOf(message), outputTokens + TOKENS_PER_MESSAGE);
  return all.flatMap((session) => session.turns.slice(0, turns)).reduce((sum, turn) => sum + ofTurn(turn), 0);
}

/** Of K and V in 8 bits with an f16 scale for every 32, which is llama.cpp's q8_0. */
export function kvBytesPerToken(path) {
  return valuesPerToken(path) * (34 / 32);
}

/** Numbers that K and V of one token hold, in all layers. */
export function valuesPerToken(path) {
  const model = openModel(path, openFileSource);
  const { layers, kvHeads, headDim } = model.spec();
  model.dispose();
  return 2 * layers * kvHeads * headDim;
}
