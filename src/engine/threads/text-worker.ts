/**
 * Entry of the text thread: tokenising, rendering and detokenising of whole texts, so that a prompt of
 * megabytes holds up neither the main thread nor the step loop.
 */

import { parentPort } from "node:worker_threads";
import { fail, toTurnwiseError } from "../../base/errors.ts";
import { invariant, unreachable } from "../../base/invariant.ts";
import { openFileSource } from "../../formats/file-source.ts";
import { openModelText } from "../../models/open-text.ts";
import type { GrammarSource } from "../../text/grammar/compile-grammar.ts";
import { parseChatTemplate } from "../../text/template/chat-template.ts";
import type { ChatInput, ChatTemplate } from "../../text/template/types.ts";
import type { ThoughtStart } from "../../text/tools/thoughts.ts";
import type { ToolGrammar, ToolGrammarSource } from "../../text/tools/tool-grammar.ts";
import { createTokenizer } from "../../text/tokenizer/create-tokenizer.ts";
import type { Tokenizer } from "../../text/tokenizer/types.ts";
import { shareVocabulary } from "./shared-vocabulary.ts";
import { startData } from "./start-data.ts";
import { goBehindMainThread } from "./thread-priority.ts";
import type { FromTextWorker, TextRequest, TextResults, TextWorkerData, ToTextWorker } from "./text-messages.ts";

invariant(parentPort !== null, "text-worker.ts runs as a thread");
const port = parentPort;
goBehindMainThread();

interface TextTools {
  readonly tokenizer: Tokenizer;
  /** Throws what is wrong with it, `template_missing` where there is none. */
  readonly template: () => ChatTemplate;
}

try {
  const tools = await loadTools(await startData<TextWorkerData>());
  port.on("message", (message: ToTextWorker) => void receive(message, tools));
  post({ kind: "ready" });
} catch (thrown) {
  post({ kind: "loadFailed", error: toTurnwiseError(thrown).toJSON() });
  port.close();
}

async function loadTools({ path, chatTemplate, vocabulary }: TextWorkerData): Promise<TextTools> {
  const model = await openModelText(path, openFileSource);
  try {
    const source = model.chatTemplate;
    let template = chatTemplate === null ? null : parseChatTemplate(chatTemplate);
    const tokenizer = createTokenizer(model.vocabulary());
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
    vocabulary.postMessage(shareVocabulary(tokenizer));
    return {
      tokenizer,
      // The model's own is parsed when first asked for: a model whose template is broken still completes text.
      template: () => (template ??= source === null ? fail("template_missing") : parseChatTemplate(source)),
    };
  } finally {
    model.dispose();
  }
}

async function receive(message: ToTextWorker, tools: TextTools): Promise<void> {
  if (message.kind === "dispose") {
    port.close();
    return;
  }
  const { id, request } = message;
  try {
    post({ kind: "done", id, result: await answer(request, tools) });
  } catch (thrown) {
    post({ kind: "failed", id, error: toTurnwiseError(thrown).toJSON() });
  }
}

function answer(
  request: TextRequest,
  { tokenizer, template }: TextTools,
): TextResults[keyof TextResults] | Promise<TextResults["compile"]> {
  switch (request.kind) {
    case "encode": {
      const tokens = tokenizer.encode(request.text, request);
      // Cloning a view would clone all of the buffer behind it.
      return tokens.byteLength === tokens.buffer.byteLength ? tokens : tokens.slice();
    }
    case "pieces":
      return Array.from(request.tokens, (token) => tokenizer.piece(token));
    case "decode":
      return tokenizer.decode(request.tokens);
    case "render":
      return render(request.input, template(), tokenizer);
    case "compile":
      return compile(request.source, request.thoughts, tokenizer);
    default:
      return unreachable(request);
  }
}

/** The compilers are loaded with the first grammar: most texts have none, and a start does not wait for them. */
async function compile(
  source: GrammarSource | ToolGrammarSource,
  thoughts: ThoughtStart,
  tokenizer: Tokenizer,
): Promise<ToolGrammar> {
  const controlToken = (text: string): number | null => {
    const [token, ...others] = tokenizer.encode(text, { addSpecial: false, parseSpecial: true });
    return token !== undefined && others.length === 0 && tokenizer.isControl(token) ? token : null;
  };
  if (source.kind === "tool_calls") {
    const { compileToolGrammar } = await import("../../text/tools/tool-grammar.ts");
    return compileToolGrammar(source, controlToken, thoughts);
  }
  const { compileGrammar } = await import("../../text/grammar/compile-grammar.ts");
  const { behindThought } = await import("../../text/tools/thought-grammar.ts");
  return { grammar: behindThought(compileGrammar(source), thoughts, controlToken), wake: null };
}

function render(input: ChatInput, template: ChatTemplate, tokenizer: Tokenizer): string {
  const { bosId, eosId } = tokenizer;
  const quote = (text: string): string => tokenizer.quote(text);
  return template.render({
    ...mapTexts(input, quote),
    bosToken: bosId === null ? "" : tokenizer.piece(bosId),
    eosToken: eosId === null ? "" : tokenizer.piece(eosId),
  });
}

/** `value` with each text in it replaced; names of fields are left. */
function mapTexts<T>(value: T, map: (text: string) => string): T {
  if (typeof value === "string") return map(value) as T;
  if (Array.isArray(value)) return value.map((item: unknown) => mapTexts(item, map)) as T;
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, mapTexts(item, map)])) as T;
}

function post(message: FromTextWorker): void {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
  port.postMessage(message);
}
