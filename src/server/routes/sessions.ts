/** `/v1/sessions`: conversations that the server keeps. Turns run by `/v1/chat/completions` with `session`. */

import type { TurnRecord } from "../../turns/kept-turn.ts";
import { MISS_ADVICE } from "../../turns/miss-advice.ts";
import type { ForkChanges, NewSession } from "../../turns/session-store.ts";
import type { Session } from "../../turns/session.ts";
import type { SessionAnswer, SessionExplanation, TurnExplanation } from "../answers/session-answers.ts";
import { ignoredMessageFields, toChatInput } from "../fields/chat-messages.ts";
import { parseFields } from "../fields/field-table.ts";
import { FORK_FIELDS, ROLLBACK_FIELDS, SESSION_FIELDS } from "../fields/session-fields.ts";
import { ignoredField } from "../ignored-field.ts";
import { listPage } from "../list-page.ts";
import { readJsonBody } from "../read-body.ts";
import { servedModelId } from "../server-context.ts";
import type { EngineRequest } from "../server-context.ts";

const DEFAULT_TTL_SECONDS = 3600;

export async function createSession(request: EngineRequest): Promise<Response> {
  const { strictFields } = request.server.options;
  const { values, ignored } = parseFields(SESSION_FIELDS, await bodyOf(request), strictFields);
  const ignoredInMessages = ignoredMessageFields(values.messages ?? [], strictFields);
  const { messages, ...frame } = toChatInput({
    messages: values.messages ?? [],
    tools: values.tools,
    chat_template_kwargs: values.chat_template_kwargs,
    add_generation_prompt: undefined,
  });
  const { addGenerationPrompt: _, ...fixed } = frame;
  const { name, maxSessions } = request.scope.tenant;
  const init: NewSession = {
    frame: fixed,
    opening: messages,
    turns: [],
    parent: null,
    metadata: values.metadata ?? {},
    ttlMs: (values.ttl_s ?? DEFAULT_TTL_SECONDS) * 1000,
  };
  const session = request.server.sessions.create(name, init, maxSessions);
  return answer(request, session, [...ignored, ...ignoredInMessages]);
}

export function listSessions(request: EngineRequest): Response {
  const sessions = request.server.sessions.list(request.scope.tenant.name);
  return request.http.json(listPage(request, sessions, (session) => describe(request, session)));
}

export function getSession(request: EngineRequest): Response {
  return answer(request, named(request));
}

export function deleteSession(request: EngineRequest): Response {
  const { id } = named(request);
  request.server.sessions.delete(request.scope.tenant.name, id);
  return request.http.json({ id, object: "session", deleted: true });
}

export async function forkSession(request: EngineRequest): Promise<Response> {
  const { values, ignored } = parseFields(FORK_FIELDS, await bodyOf(request), request.server.options.strictFields);
  const { init, id } = named(request);
  const { tools, chat_template_kwargs: variables, system, ttl_s: ttlSeconds, metadata } = values;
  const given = toChatInput({ messages: [], tools, chat_template_kwargs: variables, add_generation_prompt: undefined });
  const frame = {
    ...init.frame,
    ...(given.tools === undefined ? {} : { tools: given.tools }),
    ...(given.variables === undefined ? {} : { variables: given.variables }),
  };
  const others = init.opening.filter(({ role }) => role !== "system" && role !== "developer");
  const { name, maxSessions } = request.scope.tenant;
  const changes: Partial<ForkChanges> = {
    frame,
    ...(system === undefined ? {} : { opening: [{ role: "system", content: system }, ...others] }),
    ...(ttlSeconds === undefined ? {} : { ttlMs: ttlSeconds * 1000 }),
    ...(metadata === undefined ? {} : { metadata }),
  };
  const at = values.at === undefined ? undefined : turnNamed(values.at);
  const fork = request.server.sessions.fork(name, id, at, changes, maxSessions);
  return answer(request, fork, ignored);
}

export async function rollbackSession(request: EngineRequest): Promise<Response> {
  const { values, ignored } = parseFields(ROLLBACK_FIELDS, await bodyOf(request), request.server.options.strictFields);
  const session = named(request);
  session.rollback(turnNamed(values.to), request.server.sessions.nowMs);
  return answer(request, session, ignored);
}

/** "" names the time before the first turn. */
const turnNamed = (id: string): string | null => (id === "" ? null : id);

/** Ends the turn that runs, if one does; its request ends with `cancelled`, and the head stays. */
export function cancelSession(request: EngineRequest): Response {
  const session = named(request);
  session.cancel();
  return answer(request, session);
}

/** What each turn found and what it computed again, where and why: `turnwise explain` prints it. */
export function explainSession(request: EngineRequest): Response {
  const session = named(request);
  const explanation: SessionExplanation = {
    object: "session.explanation",
    session: session.id,
    state: session.state,
    model: servedModelId(request.engine, request.server.options),
    turns: session.turns.map(explainTurn),
  };
  return request.http.json(explanation);
}

function explainTurn({ id, usage, timings, miss, departure }: TurnRecord): TurnExplanation {
  const { queueMs, prefillMs, decodeMs } = timings;
  const advice = miss === null ? null : MISS_ADVICE[miss.cause];
  return {
    id,
    prompt_tokens: usage.promptTokens,
    cached_tokens: usage.cachedTokens,
    prefilled_tokens: usage.promptTokens - usage.cachedTokens,
    output_tokens: usage.outputTokens,
    ms: { queue: Math.round(queueMs), prefill: Math.round(prefillMs), decode: Math.round(decodeMs) },
    miss:
      miss === null || advice === null
        ? null
        : {
            ...miss,
            ...advice,
            // An eviction may come before the place where the texts part.
            had: miss.cause === departure?.cause ? departure.had : null,
            has: miss.cause === departure?.cause ? departure.has : null,
          },
  };
}

function named({ http, scope, server }: EngineRequest): Session {
  return server.sessions.get(scope.tenant.name, http.req.param("id") ?? "");
}

/** These routes may be called without a body. */
async function bodyOf({ http, scope, server }: EngineRequest): Promise<unknown> {
  if (http.req.header("content-length") === "0" || http.req.raw.body === null) return {};
  return readJsonBody(http.req.raw, server.options.maxBody, scope.signal);
}

function answer(request: EngineRequest, session: Session, ignored: readonly string[] = []): Response {
  const described: SessionAnswer = { ...describe(request, session), ...ignoredField(ignored) };
  return request.http.json(described);
}

function describe({ engine, server }: EngineRequest, session: Session): SessionAnswer {
  const { init, turns, headId, createdMs, expiresMs, state } = session;
  return {
    id: session.id,
    object: "session",
    created_at: Math.floor(createdMs / 1000),
    model: servedModelId(engine, server.options),
    head: headId,
    parent: init.parent,
    turns: turns.map(({ id, usage }) => ({
      id,
      role: "assistant",
      prompt_tokens: usage.promptTokens,
      output_tokens: usage.outputTokens,
      cached_tokens: usage.cachedTokens,
    })),
    state,
    ttl_s: init.ttlMs / 1000,
    expires_at: Math.floor(expiresMs / 1000),
    metadata: init.metadata,
  };
}
