/**
 * A small byte-level BPE vocabulary in the manner of Llama 3: all bytes, some merges for English, the
 * special tokens of a chat, and made-up tokens up to any size. Not a trained vocabulary.
 */

import { type GgufValue, ggufValue } from "../../formats/gguf/value.ts";
import { stringArray } from "../../formats/gguf/string-array.ts";
import { CHARACTER_OF_BYTE } from "../../text/tokenizer/byte-alphabet.ts";
import { TOKEN_TYPE } from "../../text/tokenizer/types.ts";

/** Pairs in order of rank; Ġ is the space. Each makes the token of its two halves. */
const MERGES = `
Ġ t|h e|i n|Ġ a|r e|o n|Ġt he|e r|Ġ s|a t|Ġ w|Ġ o|e n|Ġ c|i t|i s|a n|o r|e s|Ġ b|e d|Ġ f|in g|Ġ p|
o u|Ġa n|a l|a r|Ġt o|Ġ m|Ġo f|Ġ in|Ġ d|Ġ h|Ġan d|i c|l e|Ġt h|Ġw as|a s|l l|o m|Ġ y|Ġy ou|Ġ is|i on
`
  .replaceAll("\n", "")
  .split("|");

const SPECIAL_TOKENS = [
  "<|begin_of_text|>",
  "<|end_of_text|>",
  "<|start_header_id|>",
  "<|end_header_id|>",
  "<|eot_id|>",
] as const;

/** The layout of a turn is Llama 3's; tools are not part of it. */
const CHAT_TEMPLATE = `{{- bos_token }}
{%- for message in messages %}
    {{- '<|start_header_id|>' + message.role + '<|end_header_id|>\\n\\n' + message.content | trim + '<|eot_id|>' }}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}
{%- endif %}`;

export interface RandomVocabulary {
  readonly size: number;
  /** The `tokenizer.*` keys of a GGUF file. */
  readonly metadata: readonly (readonly [string, GgufValue])[];
}

/** A vocabulary of `size` tokens, or, for null, without made-up ones. Special tokens come last. */
export function randomVocabulary(size: number | null): RandomVocabulary {
  const merges = possibleMerges();
  const tokens = [...CHARACTER_OF_BYTE, ...merges.map((merge) => merge.replace(" ", ""))];
  const madeUp = size === null ? 0 : size - tokens.length - SPECIAL_TOKENS.length;
  for (let index = 0; index < madeUp; index += 1) tokens.push(`Ġunused${index}`);
  const firstSpecial = tokens.length;
  tokens.push(...SPECIAL_TOKENS);
  const types = Int32Array.from(tokens, (_, id) => (id < firstSpecial ? TOKEN_TYPE.normal : TOKEN_TYPE.control));
  const idOf = (token: (typeof SPECIAL_TOKENS)[number]): GgufValue => ({
    kind: "number",
    type: "uint32",
    value: firstSpecial + SPECIAL_TOKENS.indexOf(token),
  });
  return {
    size: tokens.length,
    metadata: [
      ["tokenizer.ggml.model", ggufValue.string("gpt2")],
      ["tokenizer.ggml.pre", ggufValue.string("llama-bpe")],
      ["tokenizer.ggml.tokens", { kind: "strings", values: stringArray(tokens) }],
      ["tokenizer.ggml.token_type", { kind: "numbers", type: "int32", values: types }],
      ["tokenizer.ggml.merges", { kind: "strings", values: stringArray(merges) }],
      ["tokenizer.ggml.bos_token_id", idOf("<|begin_of_text|>")],
      ["tokenizer.ggml.eos_token_id", idOf("<|end_of_text|>")],
      ["tokenizer.ggml.eot_token_id", idOf("<|eot_id|>")],
      ["tokenizer.ggml.add_bos_token", { kind: "bool", value: true }],
      ["tokenizer.chat_template", ggufValue.string(CHAT_TEMPLATE)],
    ],
  };
}

/** Merges whose halves are tokens by then, each token once. */
function possibleMerges(): readonly string[] {
  const known = new Set(CHARACTER_OF_BYTE);
  return MERGES.filter((merge) => {
    const [left = "", right = ""] = merge.split(" ");
    if (!known.has(left) || !known.has(right) || known.has(left + right)) return false;
    known.add(left + right);
    return true;
  });
}
