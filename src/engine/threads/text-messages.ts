/** What passes between the engine's main-thread side and its text thread. */

import type { MessagePort } from "node:worker_threads";
import type { SerializedError } from "../../base/errors.ts";
import type { GrammarSource } from "../../text/grammar/compile-grammar.ts";
import type { EncodeOptions } from "../../text/tokenizer/types.ts";
import type { ThoughtStart } from "../../text/tools/thoughts.ts";
import type { ToolGrammar, ToolGrammarSource } from "../../text/tools/tool-grammar.ts";
import type { ChatInput } from "../../text/template/types.ts";

/** What the text thread starts with. */
export interface TextWorkerData {
  readonly path: string;
  /** Takes the place of the model's own. */
  readonly chatTemplate: string | null;
  /** Where the `SharedVocabulary` is wanted. */
  readonly vocabulary: MessagePort;
}

export type TextRequest =
  | ({ readonly kind: "encode"; readonly text: string } & EncodeOptions)
  | { readonly kind: "pieces"; readonly tokens: Int32Array }
  | { readonly kind: "decode"; readonly tokens: Int32Array }
  | { readonly kind: "render"; readonly input: ChatInput }
  | { readonly kind: "compile"; readonly source: GrammarSource | ToolGrammarSource; readonly thoughts: ThoughtStart };

/** What each request is answered with. */
export interface TextResults {
  readonly encode: Int32Array;
  readonly pieces: readonly string[];
  readonly decode: string;
  readonly render: string;
  readonly compile: ToolGrammar;
}

export type ToTextWorker =
  | { readonly kind: "request"; readonly id: number; readonly request: TextRequest }
  | { readonly kind: "dispose" };

export type FromTextWorker =
  | { readonly kind: "ready" }
  | { readonly kind: "loadFailed"; readonly error: SerializedError }
  | { readonly kind: "done"; readonly id: number; readonly result: TextResults[keyof TextResults] }
  | { readonly kind: "failed"; readonly id: number; readonly error: SerializedError };
