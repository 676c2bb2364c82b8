/** The route table: a route is a function in `routes/` and a row here. */

import type { RouteAnswer } from "./answers/answer-schemas.ts";
import { applyTemplate } from "./routes/apply-template.ts";
import { chatCompletions } from "./routes/chat-completions.ts";
import { drain, listTenants } from "./routes/admin.ts";
import { completions } from "./routes/completions.ts";
import type { Dialect } from "./dialects.ts";
import { countTokens } from "./routes/count-tokens.ts";
import { health, ready } from "./routes/health.ts";
import { metrics } from "./routes/metrics.ts";
import { messages } from "./routes/messages.ts";
import { getModel, listModels } from "./routes/models.ts";
import { responses } from "./routes/responses.ts";
import { cancelResponse, deleteResponse, getResponse, ITEMS_QUERY, listInputItems } from "./routes/stored-responses.ts";
import {
  cancelSession,
  createSession,
  deleteSession,
  explainSession,
  forkSession,
  getSession,
  listSessions,
  rollbackSession,
} from "./routes/sessions.ts";
import { detokenize, tokenize } from "./routes/tokenize.ts";
import { docs, openApi, toDocs } from "./routes/reference.ts";
import { ANTHROPIC_FIELDS, COUNT_TOKENS_FIELDS } from "./fields/anthropic-fields.ts";
import { CHAT_FIELDS } from "./fields/chat-fields.ts";
import { COMPLETION_FIELDS } from "./fields/completion-fields.ts";
import type { FieldTable } from "./fields/field-table.ts";
import { RESPONSES_FIELDS } from "./fields/responses-fields.ts";
import { PAGE_QUERY } from "./list-page.ts";
import { FORK_FIELDS, ROLLBACK_FIELDS, SESSION_FIELDS } from "./fields/session-fields.ts";
import { APPLY_TEMPLATE_FIELDS, DETOKENIZE_FIELDS, TOKENIZE_FIELDS } from "./fields/token-fields.ts";
import type { EngineRequest, RouteRequest } from "./server-context.ts";

interface RouteBase {
  readonly method: "GET" | "POST" | "DELETE";
  /** In Hono's notation; also the route's name in the log and the metrics. */
  readonly path: string;
  /** The API that errors are told by; OpenAI's where absent. */
  readonly dialect?: Dialect;
  /** "anyone" needs no API key, "admin" needs an operator's. */
  readonly access: "key" | "anyone" | "admin";
  /** One line for the documentation. */
  readonly summary: string;
  /** Sent again under the same `Idempotency-Key`, it runs once. */
  readonly once?: true;
  /** What a body may hold, where there is one. */
  readonly fields?: FieldTable;
  /** What a query may hold, where it is read. */
  readonly query?: FieldTable;
  readonly answer: RouteAnswer;
}

export type Route = RouteBase &
  (
    | { readonly needs: "engine"; readonly handle: (request: EngineRequest) => Response | Promise<Response> }
    /** Answers also while the model loads and while the server drains. */
    | { readonly needs: "nothing"; readonly handle: (request: RouteRequest) => Response | Promise<Response> }
  );

export const ROUTES: readonly Route[] = [
  {
    method: "POST",
    path: "/v1/chat/completions",
    access: "key",
    needs: "engine",
    handle: chatCompletions,
    answer: { kind: "json", bodies: ["ChatCompletion"], events: ["ChatCompletionChunk", "Error"] },
    once: true,
    fields: CHAT_FIELDS,
    summary: "Answer a conversation",
  },
  {
    method: "POST",
    path: "/v1/completions",
    access: "key",
    needs: "engine",
    handle: completions,
    answer: { kind: "json", bodies: ["Completion"], events: ["CompletionChunk", "Error"] },
    once: true,
    fields: COMPLETION_FIELDS,
    summary: "Continue a text",
  },
  {
    method: "POST",
    path: "/v1/responses",
    access: "key",
    needs: "engine",
    handle: responses,
    answer: { kind: "json", bodies: ["Response"], events: ["ResponseEvent"] },
    once: true,
    fields: RESPONSES_FIELDS,
    summary: "Answer by OpenAI's Responses API",
  },
  {
    method: "GET",
    path: "/v1/responses/:id",
    access: "key",
    needs: "nothing",
    handle: getResponse,
    answer: { kind: "json", bodies: ["Response"] },
    summary: "Read a stored response",
  },
  {
    method: "DELETE",
    path: "/v1/responses/:id",
    access: "key",
    needs: "nothing",
    handle: deleteResponse,
    answer: { kind: "json", bodies: ["DeletedResponse"] },
    summary: "Delete a stored response",
  },
  {
    method: "POST",
    path: "/v1/responses/:id/cancel",
    access: "key",
    needs: "nothing",
    handle: cancelResponse,
    answer: { kind: "refusal" },
    summary: "Refused: responses do not run in the background",
  },
  {
    method: "GET",
    path: "/v1/responses/:id/input_items",
    access: "key",
    needs: "nothing",
    handle: listInputItems,
    answer: { kind: "json", bodies: ["InputItemPage"] },
    query: ITEMS_QUERY,
    summary: "List what a stored response answered",
  },
  {
    method: "POST",
    path: "/v1/messages",
    dialect: "anthropic",
    access: "key",
    needs: "engine",
    handle: messages,
    answer: { kind: "json", bodies: ["Message"], events: ["MessageEvent"] },
    once: true,
    fields: ANTHROPIC_FIELDS,
    summary: "Answer a conversation, by Anthropic's API",
  },
  {
    method: "POST",
    path: "/v1/messages/count_tokens",
    dialect: "anthropic",
    access: "key",
    needs: "engine",
    handle: countTokens,
    answer: { kind: "json", bodies: ["TokenCount"] },
    fields: COUNT_TOKENS_FIELDS,
    summary: "Prompt tokens of a conversation, by Anthropic's API",
  },
  {
    method: "POST",
    path: "/v1/sessions",
    access: "key",
    needs: "engine",
    handle: createSession,
    answer: { kind: "json", bodies: ["Session"] },
    once: true,
    summary: "Begin a conversation that the server keeps",
    fields: SESSION_FIELDS,
  },
  {
    method: "GET",
    path: "/v1/sessions",
    access: "key",
    needs: "engine",
    handle: listSessions,
    answer: { kind: "json", bodies: ["SessionPage"] },
    query: PAGE_QUERY,
    summary: "List your sessions, oldest first; ?limit= and ?after= page through them",
  },
  {
    method: "GET",
    path: "/v1/sessions/:id{[^/]+}",
    access: "key",
    needs: "engine",
    handle: getSession,
    answer: { kind: "json", bodies: ["Session"] },
    summary: "One session, its turns and its head",
  },
  {
    method: "DELETE",
    path: "/v1/sessions/:id{[^/]+}",
    access: "key",
    needs: "engine",
    handle: deleteSession,
    answer: { kind: "json", bodies: ["DeletedSession"] },
    summary: "End a session",
  },
  {
    method: "GET",
    path: "/v1/sessions/:id{[^/]+}/explain",
    access: "key",
    needs: "engine",
    handle: explainSession,
    answer: { kind: "json", bodies: ["SessionExplanation"] },
    summary: "What each turn found, and what it computed again, where and why",
  },
  {
    method: "POST",
    path: "/v1/sessions/:id{[^/]+}/fork",
    access: "key",
    needs: "engine",
    handle: forkSession,
    answer: { kind: "json", bodies: ["Session"] },
    once: true,
    summary: "A new session with the same turns, without a copy; it may have another system prompt or other tools",
    fields: FORK_FIELDS,
  },
  {
    method: "POST",
    path: "/v1/sessions/:id{[^/]+}/rollback",
    access: "key",
    needs: "engine",
    handle: rollbackSession,
    answer: { kind: "json", bodies: ["Session"] },
    once: true,
    summary: "Make an earlier turn the head",
    fields: ROLLBACK_FIELDS,
  },
  {
    method: "POST",
    path: "/v1/sessions/:id{[^/]+}/cancel",
    access: "key",
    needs: "engine",
    handle: cancelSession,
    answer: { kind: "json", bodies: ["Session"] },
    summary: "End the turn that runs",
  },
  {
    method: "GET",
    path: "/v1/models",
    access: "key",
    needs: "engine",
    handle: listModels,
    answer: { kind: "json", bodies: ["ModelList", "AnthropicModelList"] },
    summary: "List the served model",
  },
  {
    method: "GET",
    path: "/v1/models/:id{.+}",
    access: "key",
    needs: "engine",
    handle: getModel,
    answer: { kind: "json", bodies: ["Model", "AnthropicModel"] },
    summary: "Describe one model",
  },
  {
    method: "POST",
    path: "/tokenize",
    access: "key",
    needs: "engine",
    handle: tokenize,
    answer: { kind: "json", bodies: ["Tokenization"] },
    fields: TOKENIZE_FIELDS,
    summary: "Token ids of a text or a conversation",
  },
  {
    method: "POST",
    path: "/apply-template",
    access: "key",
    needs: "engine",
    handle: applyTemplate,
    answer: { kind: "json", bodies: ["Prompt"] },
    fields: APPLY_TEMPLATE_FIELDS,
    summary: "Show the prompt that the model's chat template makes of a conversation",
  },
  {
    method: "POST",
    path: "/detokenize",
    access: "key",
    needs: "engine",
    handle: detokenize,
    answer: { kind: "json", bodies: ["Prompt"] },
    fields: DETOKENIZE_FIELDS,
    summary: "Text of token ids",
  },
  {
    method: "GET",
    path: "/health",
    access: "anyone",
    needs: "nothing",
    handle: health,
    answer: { kind: "json", bodies: ["Health"] },
    summary: "200 while the process answers",
  },
  {
    method: "GET",
    path: "/ready",
    access: "anyone",
    needs: "nothing",
    handle: ready,
    answer: { kind: "json", bodies: ["Ready"] },
    summary: "200 while requests are taken, else 503 with the reason",
  },
  {
    method: "GET",
    path: "/metrics",
    access: "admin",
    needs: "nothing",
    handle: metrics,
    answer: { kind: "document", contentType: "text/plain" },
    summary: "Prometheus metrics",
  },
  {
    method: "GET",
    path: "/admin/tenants",
    access: "admin",
    needs: "nothing",
    handle: listTenants,
    answer: { kind: "json", bodies: ["TenantList"] },
    summary: "Tenants with their requests in progress, sessions and stored responses",
  },
  {
    method: "POST",
    path: "/drain",
    access: "admin",
    needs: "nothing",
    handle: drain,
    answer: { kind: "json", status: 202, bodies: ["Drain"] },
    summary: "End the server as SIGTERM does",
  },
  {
    method: "GET",
    path: "/openapi.json",
    access: "anyone",
    needs: "nothing",
    handle: openApi,
    answer: { kind: "document", contentType: "application/json" },
    summary: "This API as an OpenAPI document",
  },
  {
    method: "GET",
    path: "/",
    access: "anyone",
    needs: "nothing",
    handle: toDocs,
    answer: { kind: "redirect", status: 302 },
    summary: "Leads a browser to /docs",
  },
  {
    method: "GET",
    path: "/docs",
    access: "anyone",
    needs: "nothing",
    handle: docs,
    answer: { kind: "document", contentType: "text/html" },
    summary: "This API as a page",
  },
];
