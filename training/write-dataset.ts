/**
 * Writes what the model is trained on: `npm run training:data -- --out DIR --tokens 100e6`.
 *
 * DIR/train.bin, valid.bin     tokens, uint16, little-endian; a conversation begins at each begin-of-text token
 * DIR/train.roles, valid.roles one byte a token: 0 none, 1 system and tools, 2 user, 3 assistant
 * DIR/dataset.json             counts, seed, hashes
 * DIR/tokenizer.json, ...      the tokeniser, trained on the first conversations where it is not there yet
 */

import { createHash, type Hash } from "node:crypto";
import { closeSync, existsSync, mkdirSync, openSync, writeFileSync, writeSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { madeInBlocks } from "./blocks.ts";
import { WordCounter } from "./build-vocabulary.ts";
import type { EncodedConversation } from "./encode-block.ts";
import { folderTokenizer } from "./folder-tokenizer.ts";
import { BEGIN, END_OF_TURN, SPECIAL_COUNT, tokenizerFiles } from "./tokenizer-files.ts";
import { TEMPLATE_SOURCE, textOf, trainingConversation } from "./training-text.ts";

/** Conversations that the tokeniser is trained on; more change next to nothing. */
const TOKENIZER_SAMPLE = 12_000;
/** Validation takes another seed, so that it has other conversations. */
const VALID_SEED_OFFSET = 1_000_000;
const VALID_TOKENS = 500_000;

function writeTokenizer(folder: string, seed: number, size: number): void {
  const counter = new WordCounter();
  for (let index = 0; index < TOKENIZER_SAMPLE; index += 1) counter.add(textOf(trainingConversation(seed, index)));
  const files = tokenizerFiles(counter.train(size - SPECIAL_COUNT), TEMPLATE_SOURCE);
  for (const [name, value] of Object.entries(files)) {
    writeFileSync(join(folder, name), `${JSON.stringify(value, null, 1)}\n`);
  }
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

  write({ text, tokens, roles }: EncodedConversation): void {
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

async function writeSplit(folder: string, name: string, seed: number, wanted: number): Promise<Written> {
  const writer = new SplitWriter(folder, name);
  const blocks = madeInBlocks<readonly EncodedConversation[]>("encode-block", [folder, `${seed}`], processes);
  for await (const block of blocks) {
    for (const conversation of block) {
      if (writer.tokens < wanted) writer.write(conversation);
    }
    if (writer.tokens >= wanted) break;
  }
  return writer.close();
}

const { values } = parseArgs({
  options: {
    out: { type: "string" },
    tokens: { type: "string", default: "20e6" },
    seed: { type: "string", default: "1" },
    vocabulary: { type: "string", default: "2048" },
    processes: { type: "string", default: `${availableParallelism()}` },
  },
});
if (values.out === undefined) {
  process.stderr.write(
    "usage: npm run training:data -- --out DIR [--tokens N] [--seed N] [--vocabulary N] [--processes N]\n",
  );
  process.exit(2);
}
mkdirSync(values.out, { recursive: true });
const seed = Number(values.seed);
const processes = Number(values.processes);
if (!existsSync(join(values.out, "tokenizer.json"))) writeTokenizer(values.out, seed, Number(values.vocabulary));
const tokenizer = folderTokenizer(values.out);
const idOf = (text: string): number | undefined => tokenizer.encode(text, { addSpecial: false, parseSpecial: true })[0];
const dataset = {
  seed,
  vocabulary: tokenizer.vocabSize,
  beginToken: idOf(BEGIN),
  endToken: idOf(END_OF_TURN),
  train: await writeSplit(values.out, "train", seed, Number(values.tokens)),
  valid: await writeSplit(values.out, "valid", seed + VALID_SEED_OFFSET, VALID_TOKENS),
};
writeFileSync(join(values.out, "dataset.json"), `${JSON.stringify(dataset, null, 2)}\n`);
process.stdout.write(`${JSON.stringify(dataset, null, 2)}\n`);
