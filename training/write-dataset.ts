/**
 * Writes what the model is trained on: `npm run training:data -- --out DIR --tokens 100e6`.
 *
 * DIR/train.bin, valid.bin     tokens, uint16, little-endian; a conversation begins at each begin-of-text token
 * DIR/train.roles, valid.roles one byte a token: 0 none, 1 system and tools, 2 user, 3 assistant
 * DIR/dataset.json             counts, seed, hashes
 * DIR/tokenizer.json, ...      the tokeniser, trained on the first conversations where it is not there yet
 */

import { createHash, type Hash } from "node:crypto";
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { generateConversation } from "../src/eval/agent/generate.ts";
import { parseChatTemplate } from "../src/text/template/chat-template.ts";
import { createTokenizer } from "../src/text/tokenizer/create-tokenizer.ts";
import { readTokenizerFiles } from "../src/text/tokenizer/hugging-face/read-tokenizer.ts";
import type { Tokenizer } from "../src/text/tokenizer/types.ts";
import { WordCounter } from "./build-vocabulary.ts";
import { renderConversation, RoleMarker } from "./encode-conversation.ts";
import { BEGIN, END_OF_TURN, SPECIAL_COUNT, tokenizerFiles } from "./tokenizer-files.ts";

const TEMPLATE_SOURCE = readFileSync(join(import.meta.dirname, "chat-template.jinja"), "utf8");
const template = parseChatTemplate(TEMPLATE_SOURCE);

/** Conversations that the tokeniser is trained on; more change next to nothing. */
const TOKENIZER_SAMPLE = 12_000;
/** Validation takes another seed, so that it has other conversations. */
const VALID_SEED_OFFSET = 1_000_000;
const VALID_TOKENS = 500_000;

const trainingText = (seed: number, index: number): string =>
  renderConversation(generateConversation({ seed, index, split: "training", unseen: false }), template);

function loadTokenizer(folder: string, seed: number, size: number): Tokenizer {
  if (!existsSync(join(folder, "tokenizer.json"))) {
    const counter = new WordCounter();
    for (let index = 0; index < TOKENIZER_SAMPLE; index += 1) counter.add(trainingText(seed, index));
    const files = tokenizerFiles(counter.train(size - SPECIAL_COUNT), TEMPLATE_SOURCE);
    for (const [name, value] of Object.entries(files)) {
      writeFileSync(join(folder, name), `${JSON.stringify(value, null, 1)}\n`);
    }
  }
  const read = (name: string): Uint8Array => readFileSync(join(folder, name));
  const { vocabulary } = readTokenizerFiles({
    tokenizer: read("tokenizer.json"),
    config: read("tokenizer_config.json"),
    generationConfig: read("generation_config.json"),
  });
  return createTokenizer(vocabulary);
}

interface Written {
  readonly conversations: number;
  readonly tokens: number;
  readonly assistantTokens: number;
  readonly longest: number;
  /** Of the tokens as they are written. */
  readonly sha256: string;
  /** Of the rendered conversations, one behind the other, so that they can be checked without the tokeniser. */
  readonly textSha256: string;
}

class SplitWriter {
  readonly #tokens: number;
  readonly #roles: number;
  readonly #hash: Hash = createHash("sha256");
  readonly #textHash: Hash = createHash("sha256");
  readonly #counts = { conversations: 0, tokens: 0, assistantTokens: 0, longest: 0 };

  constructor(folder: string, name: string) {
    this.#tokens = openSync(join(folder, `${name}.bin`), "w");
    this.#roles = openSync(join(folder, `${name}.roles`), "w");
  }

  get tokens(): number {
    return this.#counts.tokens;
  }

  write(text: string, tokens: Int32Array, roles: Uint8Array): void {
    const bytes = Buffer.alloc(tokens.length * 2);
    for (const [index, token] of tokens.entries()) bytes.writeUInt16LE(token, index * 2);
    writeSync(this.#tokens, bytes);
    writeSync(this.#roles, roles);
    this.#hash.update(bytes);
    this.#textHash.update(text);
    this.#counts.conversations += 1;
    this.#counts.tokens += tokens.length;
    this.#counts.assistantTokens += roles.reduce((sum, role) => sum + (role === 3 ? 1 : 0), 0);
    this.#counts.longest = Math.max(this.#counts.longest, tokens.length);
  }

  close(): Written {
    closeSync(this.#tokens);
    closeSync(this.#roles);
    return { ...this.#counts, sha256: this.#hash.digest("hex"), textSha256: this.#textHash.digest("hex") };
  }
}

function writeSplit(folder: string, name: string, seed: number, wanted: number, tokenizer: Tokenizer): Written {
  const writer = new SplitWriter(folder, name);
  const marker = new RoleMarker(tokenizer);
  for (let index = 0; writer.tokens < wanted; index += 1) {
    const text = trainingText(seed, index);
    const tokens = tokenizer.encode(text, { addSpecial: false, parseSpecial: true });
    writer.write(text, tokens, marker.mark(tokens));
  }
  return writer.close();
}

const { values } = parseArgs({
  options: {
    out: { type: "string" },
    tokens: { type: "string", default: "20e6" },
    seed: { type: "string", default: "1" },
    vocabulary: { type: "string", default: "2048" },
  },
});
if (values.out === undefined) {
  process.stderr.write("usage: npm run training:data -- --out DIR [--tokens N] [--seed N] [--vocabulary N]\n");
  process.exit(2);
}
mkdirSync(values.out, { recursive: true });
const seed = Number(values.seed);
const tokenizer = loadTokenizer(values.out, seed, Number(values.vocabulary));
const idOf = (text: string): number | undefined => tokenizer.encode(text, { addSpecial: false, parseSpecial: true })[0];
const dataset = {
  seed,
  vocabulary: tokenizer.vocabSize,
  beginToken: idOf(BEGIN),
  endToken: idOf(END_OF_TURN),
  train: writeSplit(values.out, "train", seed, Number(values.tokens), tokenizer),
  valid: writeSplit(values.out, "valid", seed + VALID_SEED_OFFSET, VALID_TOKENS, tokenizer),
};
writeFileSync(join(values.out, "dataset.json"), `${JSON.stringify(dataset, null, 2)}\n`);
process.stdout.write(`${JSON.stringify(dataset, null, 2)}\n`);
