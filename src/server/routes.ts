/** The route table: a route is a function in `routes/` and a row here. */

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
    summary: "Read a stored response",
  },
  {
    method: "DELETE",
    path: "/v1/responses/:id",
    access: "key",
    needs: "nothing",
    handle: deleteResponse,
    summary: "Delete a stored response",
  },
  {
    method: "POST",
    path: "/v1/responses/:id/cancel",
    access: "key",
    needs: "nothing",
    handle: cancelResponse,
    summary: "Refused: responses do not run in the background",
  },
  {
    method: "GET",
    path: "/v1/responses/:id/input_items",
    access: "key",
    needs: "nothing",
    handle: listInputItems,
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
    fields: COUNT_TOKENS_FIELDS,
    summary: "Prompt tokens of a conversation, by Anthropic's API",
  },
  {
    method: "POST",
    path: "/v1/sessions",
    access: "key",
    needs: "engine",
    handle: createSession,
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
    query: PAGE_QUERY,
    summary: "List your sessions, oldest first; ?limit= and ?after= page through them",
  },
  {
    method: "GET",
    path: "/v1/sessions/:id{[^/]+}",
    access: "key",
    needs: "engine",
    handle: getSession,
    summary: "One session, its turns and its head",
  },
  {
    method: "DELETE",
    path: "/v1/sessions/:id{[^/]+}",
    access: "key",
    needs: "engine",
    handle: deleteSession,
    summary: "End a session",
  },
  {
    method: "GET",
    path: "/v1/sessions/:id{[^/]+}/explain",
    access: "key",
    needs: "engine",
    handle: explainSession,
    summary: "What each turn found, and what it computed again, where and why",
  },
  {
    method: "POST",
    path: "/v1/sessions/:id{[^/]+}/fork",
    access: "key",
    needs: "engine",
    handle: forkSession,
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
    summary: "End the turn that runs",
  },
  {
    method: "GET",
    path: "/v1/models",
    access: "key",
    needs: "engine",
    handle: listModels,
    summary: "List the served model",
  },
  {
    method: "GET",
    path: "/v1/models/:id{.+}",
    access: "key",
    needs: "engine",
    handle: getModel,
    summary: "Describe one model",
  },
  {
    method: "POST",
    path: "/tokenize",
    access: "key",
    needs: "engine",
    handle: tokenize,
    fields: TOKENIZE_FIELDS,
    summary: "Token ids of a text or a conversation",
  },
  {
    method: "POST",
    path: "/apply-template",
    access: "key",
    needs: "engine",
    handle: applyTemplate,
    fields: APPLY_TEMPLATE_FIELDS,
    summary: "Show the prompt that the model's chat template makes of a conversation",
  },
  {
    method: "POST",
    path: "/detokenize",
    access: "key",
    needs: "engine",
    handle: detokenize,
    fields: DETOKENIZE_FIELDS,
    summary: "Text of token ids",
  },
  {
    method: "GET",
    path: "/health",
    access: "anyone",
    needs: "nothing",
    handle: health,
    summary: "200 while the process answers",
  },
  {
    method: "GET",
    path: "/ready",
    access: "anyone",
    needs: "nothing",
    handle: ready,
    summary: "200 while requests are taken, else 503 with the reason",
  },
  {
    method: "GET",
    path: "/metrics",
    access: "admin",
    needs: "nothing",
    handle: metrics,
    summary: "Prometheus metrics",
  },
  {
    method: "GET",
    path: "/admin/tenants",
    access: "admin",
    needs: "nothing",
    handle: listTenants,
    summary: "Tenants with their requests in progress, sessions and stored responses",
  },
  {
    method: "POST",
    path: "/drain",
    access: "admin",
    needs: "nothing",
    handle: drain,
    summary: "End the server as SIGTERM does",
  },
  {
    method: "GET",
    path: "/openapi.json",
    access: "anyone",
    needs: "nothing",
    handle: openApi,
    summary: "This API as an OpenAPI document",
  },
  {
    method: "GET",
    path: "/",
    access: "anyone",
    needs: "nothing",
    handle: toDocs,
    summary: "Leads a browser to /docs",
  },
  {
    method: "GET",
    path: "/docs",
    access: "anyone",
    needs: "nothing",
    handle: docs,
    summary: "This API as a page",
  },
];
