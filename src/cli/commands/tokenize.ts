/** `turnwise tokenize`: the tokens of a text. Reads the vocabulary alone, so it works for any model's size. */

import type { OptionTable } from "../../base/option-table.ts";
import { openFileSource } from "../../formats/file-source.ts";
import { openModel } from "../../models/open-model.ts";
import { createTokenizer } from "../../text/tokenizer/create-tokenizer.ts";
import { EXIT_CODES, defineCommand } from "../command.ts";
import { CACHE_OPTIONS } from "../options/cache-options.ts";
import { REQUIRED_MODEL_ARGUMENT, resolveModel } from "../resolve-model.ts";
import { readInput, writeJson, writeText } from "../terminal.ts";
import { textTable } from "../text-table.ts";

const TOKENIZE_OPTIONS = {
  bos: {
    type: { kind: "boolean" },
    default: false,
    env: null,
    help: "Add what the model adds to a prompt, such as its BOS token",
  },
  special: {
    type: { kind: "boolean" },
    default: true,
    env: null,
    help: "Take text that spells a special token as plain text",
  },
  json: { type: { kind: "boolean" }, default: false, env: null, help: "Print {tokens, pieces}" },
} as const satisfies OptionTable;

export const TOKENIZE = defineCommand({
  name: "tokenize",
  summary: "Print the tokens of a text",
  details: "A file with a vocabulary alone will do. Pieces are printed as the vocabulary stores them.",
  arguments: {
    model: REQUIRED_MODEL_ARGUMENT,
    text: { required: false, help: "The text; - or nothing reads standard input, byte for byte" },
  },
  groups: { Tokens: TOKENIZE_OPTIONS, Model: CACHE_OPTIONS },
  examples: ['turnwise tokenize model.gguf "Hello world"', "turnwise tokenize model.gguf - --json < notes.txt"],
  run: async ({ arguments: { model: named, text: given }, options }, context) => {
    const { terminal } = context;
    const model = await resolveModel(named, options.cacheDir, context);
    const text = given === null || given === "-" ? await readInput(terminal) : given;
    const source = openModel(model, openFileSource);
    try {
      const tokenizer = createTokenizer(source.vocabulary());
      const ids = tokenizer.encode(text, { addSpecial: options.bos, parseSpecial: options.special });
      const tokens = [...ids];
      const pieces = tokens.map((token) => tokenizer.piece(token));
      if (options.json) await writeJson(terminal.stdout, { tokens, pieces });
      else await writeText(terminal.stdout, renderTokens(tokens, pieces));
      return EXIT_CODES.ok;
    } finally {
      source.dispose();
    }
  },
});

/** One line a token: its id, and its piece quoted. */
function renderTokens(tokens: readonly number[], pieces: readonly string[]): string {
  const rows = tokens.map((token, index) => [String(token), JSON.stringify(pieces[index] ?? "")]);
  return textTable(rows, new Set([0]));
}
