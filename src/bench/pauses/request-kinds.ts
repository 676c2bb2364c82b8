/** The requests that a server's event loop has most to do for: much text, a full context, many tools. */

import { builtInTools } from "../grammar/built-in-cases.ts";
import { SET_TOOLS } from "../grammar/grammar-case.ts";
import { fillerText } from "../turns/filler-text.ts";

export interface RequestKind {
  readonly name: string;
  /** What `POST /v1/chat/completions` is sent; no two are the same. */
  readonly body: (index: number) => object;
}

/** Of text that an agent might send: words, quotes, line ends, and letters that are no ASCII. */
const LINE_WORDS = 12;
/** The words of such a line; a text repeats them. */
const DIFFERENT_LINES = 64;
/** About what agents' tools say of themselves. */
const DESCRIPTION_WORDS = 40;
/** Enough for a call with short arguments. */
const CALL_TOKENS = 32;
const ANSWER_TOKENS = 4;

/** A text of `bytes` bytes and what a line has more, which fits in no context of the models that are measured. */
export function textKind(bytes: number): RequestKind {
  const text = agentText(bytes);
  return {
    name: `${(bytes / 1e6).toFixed(1)} MB of text`,
    body: (index) => ask(`Request ${index}.\n${text}`, { max_tokens: ANSWER_TOKENS }),
  };
}

/** A prompt of `words` words, of which the last alone differ: all but the first find it in the cache. */
export function contextKind(words: number): RequestKind {
  const text = fillerText(words, "context");
  return {
    name: "a full context",
    body: (index) => ask(`${text}\nRequest ${index}.`, { max_tokens: ANSWER_TOKENS, ignore_eos: true }),
  };
}

/** Tools of which the last has another name each time, so that the grammar is new and most of the prompt is not. */
export function toolsKind(): RequestKind {
  const tools = builtInTools().map(({ name, parameters }, index) => {
    const description = fillerText(DESCRIPTION_WORDS, `tool ${index}`);
    return { type: "function", function: { name, description, parameters } };
  });
  const [last] = tools.slice(-1);
  const others = tools.slice(0, -1);
  return {
    name: `${SET_TOOLS} tools`,
    body: (index) => {
      const renamed = { ...last, function: { ...last?.function, name: `${last?.function.name}_${index}` } };
      return ask("Do something.", { tools: [...others, renamed], tool_choice: "required", max_tokens: CALL_TOKENS });
    },
  };
}

function ask(content: string, fields: object): object {
  return { messages: [{ role: "user", content }], temperature: 0, ...fields };
}

/** At least `bytes` bytes of UTF-8. */
function agentText(bytes: number): string {
  const lines = Array.from({ length: DIFFERENT_LINES }, (_, index) => {
    const words = fillerText(LINE_WORDS, `line ${index}`);
    return `${index}: "${words}" → it’s done\n`;
  });
  const block = lines.join("");
  return block.repeat(Math.ceil(bytes / Buffer.byteLength(block)));
}
