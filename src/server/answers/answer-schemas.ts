/** The answers by the names that the OpenAPI document gives them, and how a route refers to its own. */

import type { z } from "zod";
import { chatCompletion, chatCompletionChunk } from "./chat-answers.ts";
import { completion, completionChunk } from "./completion-answers.ts";
import { anthropicErrorAnswer, errorAnswer } from "./error-answers.ts";
import { message, messageEvent } from "./message-answers.ts";
import { anthropicModel, anthropicModelList, model, modelList } from "./model-answers.ts";
import { completionUsage } from "./openai-envelope.ts";
import { drainAnswer, healthAnswer, readyAnswer, tenantList } from "./operator-answers.ts";
import { deletedResponse, inputItemPage, outputItem, response } from "./response-answers.ts";
import { responseEvent } from "./response-events.ts";
import { deletedSession, session, sessionExplanation, sessionPage } from "./session-answers.ts";
import { promptAnswer, tokenCount, tokenization } from "./token-answers.ts";
import { turnwiseAnswer } from "./turnwise-answer.ts";

export const ANSWER_SCHEMAS = {
  ChatCompletion: chatCompletion,
  ChatCompletionChunk: chatCompletionChunk,
  Completion: completion,
  CompletionChunk: completionChunk,
  CompletionUsage: completionUsage,
  Response: response,
  ResponseEvent: responseEvent,
  OutputItem: outputItem,
  DeletedResponse: deletedResponse,
  InputItemPage: inputItemPage,
  Message: message,
  MessageEvent: messageEvent,
  Session: session,
  SessionPage: sessionPage,
  SessionExplanation: sessionExplanation,
  DeletedSession: deletedSession,
  Model: model,
  ModelList: modelList,
  AnthropicModel: anthropicModel,
  AnthropicModelList: anthropicModelList,
  Tokenization: tokenization,
  Prompt: promptAnswer,
  TokenCount: tokenCount,
  Health: healthAnswer,
  Ready: readyAnswer,
  TenantList: tenantList,
  Drain: drainAnswer,
  Turnwise: turnwiseAnswer,
  Error: errorAnswer,
  AnthropicError: anthropicErrorAnswer,
} as const satisfies Readonly<Record<string, z.ZodType>>;

export type AnswerName = keyof typeof ANSWER_SCHEMAS;
export type AnswerNames = readonly [AnswerName, ...AnswerName[]];

/** What a route answers where nothing is wrong. */
export type RouteAnswer =
  | {
      readonly kind: "json";
      /** 200 where absent. */
      readonly status?: number;
      /** More than one where the client's API decides. */
      readonly bodies: AnswerNames;
      /** Each event of the stream that it answers with instead where `stream` is true. */
      readonly events?: AnswerNames;
    }
  /** A text, or a document whose form is another standard's. */
  | { readonly kind: "document"; readonly contentType: "text/html" | "text/plain" | "application/json" }
  | { readonly kind: "redirect"; readonly status: number }
  /** It exists to say that it does nothing. */
  | { readonly kind: "refusal" };
