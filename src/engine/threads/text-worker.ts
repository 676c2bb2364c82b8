/**
 * Entry of the text thread: tokenising, rendering and detokenising of whole texts, so that a prompt of
 * megabytes holds up neither the main thread nor the step loop.
 */

import { parentPort, workerData } from "node:worker_threads";
import { fail, toTurnwiseError } from "../../base/errors.ts";
import { invariant, unreachable } from "../../base/invariant.ts";
import { openFileSource } from "../../formats/file-source.ts";
import { openModel } from "../../models/open-model.ts";
import { compileGrammar, type GrammarSource } from "../../text/grammar/compile-grammar.ts";
import { parseChatTemplate } from "../../text/template/chat-template.ts";
import type { ChatInput, ChatTemplate } from "../../text/template/types.ts";
import { compileToolGrammar, type ToolGrammar, type ToolGrammarSource } from "../../text/tools/tool-grammar.ts";
import { createTokenizer } from "../../text/tokenizer/create-tokenizer.ts";
import type { Tokenizer } from "../../text/tokenizer/types.ts";
import type { FromTextWorker, TextRequest, TextResults, TextWorkerData, ToTextWorker } from "./text-messages.ts";

invariant(parentPort !== null, "text-worker.ts runs as a thread");
const port = parentPort;

interface TextTools {
  readonly tokenizer: Tokenizer;
  /** Throws what is wrong with it, `template_missing` where there is none. */
  readonly template: () => ChatTemplate;
}

try {
  const tools = loadTools(workerData as TextWorkerData);
  port.on("message", (message: ToTextWorker) => receive(message, tools));
  post({ kind: "ready" });
} catch (thrown) {
  post({ kind: "loadFailed", error: toTurnwiseError(thrown).toJSON() });
  port.close();
}

function loadTools({ path, chatTemplate }: TextWorkerData): TextTools {
  const model = openModel(path, openFileSource);
  try {
    const source = model.chatTemplate;
    let template = chatTemplate === null ? null : parseChatTemplate(chatTemplate);
    return {
      tokenizer: createTokenizer(model.vocabulary()),
      // The model's own is parsed when first asked for: a model whose template is broken still completes text.
      template: () => (template ??= source === null ? fail("template_missing") : parseChatTemplate(source)),
    };
  } finally {
    model.dispose();
  }
}

function receive(message: ToTextWorker, tools: TextTools): void {
  if (message.kind === "dispose") {
    port.close();
    return;
  }
  const { id, request } = message;
  try {
    post({ kind: "done", id, result: answer(request, tools) });
  } catch (thrown) {
    post({ kind: "failed", id, error: toTurnwiseError(thrown).toJSON() });
  }
}

function answer(request: TextRequest, { tokenizer, template }: TextTools): TextResults[keyof TextResults] {
  switch (request.kind) {
    case "encode": {
      const { text, addSpecial, parseSpecial } = request;
      const tokens = tokenizer.encode(text, { addSpecial, parseSpecial });
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
      return compile(request.source, tokenizer);
    default:
      return unreachable(request);
  }
}

function compile(source: GrammarSource | ToolGrammarSource, tokenizer: Tokenizer): ToolGrammar {
  if (source.kind !== "tool_calls") return { grammar: compileGrammar(source), wake: null };
  return compileToolGrammar(source, (text) => {
    const [token, ...others] = tokenizer.encode(text, { addSpecial: false, parseSpecial: true });
    return token !== undefined && others.length === 0 && tokenizer.isControl(token) ? token : null;
  });
}

function render(input: ChatInput, template: ChatTemplate, tokenizer: Tokenizer): string {
  const { bosId, eosId } = tokenizer;
  return template.render({
    ...input,
    bosToken: bosId === null ? "" : tokenizer.piece(bosId),
    eosToken: eosId === null ? "" : tokenizer.piece(eosId),
  });
}

function post(message: FromTextWorker): void {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
  port.postMessage(message);
}
