/**
 * A request's place in its conversation: in a session that it names, or in one that is known by what it
 * resends. Gives the prompt, as tokens that continue what was generated.
 */

import { fail, turnwiseError } from "../../base/errors.ts";
import type { ChatMessage, ChatTool } from "../../text/template/types.ts";
import { frameKey } from "../../turns/canonical-message.ts";
import { firstPrompt, nextPrompt, type TextEngine } from "../../turns/continue-turn.ts";
import { closestDeparture } from "../../turns/departure.ts";
import type { Session } from "../../turns/session.ts";
import type { ConversationFrame, ConversationSoFar, PromptBasis, Turn, TurnPrompt } from "../../turns/turn.ts";
import type { KnownTurn } from "../../turns/turn-memory.ts";
import type { EngineRequest } from "../server-context.ts";
import { type ToolRequest, withTools } from "../tool-request.ts";
import { Conversation } from "./conversation.ts";

export interface SessionReference {
  readonly id: string;
  /** The turn that is expected to be its head; null for none yet. */
  readonly after?: string | null | undefined;
}

/** A position of the ledger that a request goes on from. */
export interface TurnReference {
  readonly turn: Turn;
  /** What the turn is called now: the turn's own messages, or others where its system prompt has changed. */
  readonly past: ConversationSoFar;
}

export interface ConversationRequest {
  readonly frame: ConversationFrame;
  /** All of a stateless conversation; the new ones of a session, or behind a turn. */
  readonly messages: readonly ChatMessage[];
  /** How tools are shown to the model. */
  readonly tools: ToolRequest;
  readonly cacheKey: string | undefined;
  readonly session?: SessionReference | undefined;
  readonly follows?: TurnReference | undefined;
}

/** Throws `session_not_found`, `session_conflict`, `session_busy`, and what the template refuses. */
export async function openConversation(request: EngineRequest, asked: ConversationRequest): Promise<Conversation> {
  const { tools, cacheKey = "", session, follows } = asked;
  const engine = textEngine(request, tools);
  if (session !== undefined) return openInSession(request, engine, asked, session);
  const prompt = await (follows === undefined
    ? statelessPrompt(request, engine, asked, cacheKey)
    : followingPrompt(request, engine, follows, asked.messages, cacheKey));
  return new Conversation(request, prompt, null, cacheKey);
}

/** The tools of a session, which its requests need not repeat. */
export function sessionTools(
  { scope, server }: EngineRequest,
  { id }: SessionReference,
): readonly ChatTool[] | undefined {
  return server.sessions.get(scope.tenant.name, id).init.frame.tools;
}

/** The engine as turns see it: tools that the template would not show are in words. */
function textEngine({ engine }: EngineRequest, tools: ToolRequest): TextEngine {
  return {
    model: engine.model,
    renderChat: (input) => engine.renderChat(withTools(input, tools)),
    tokenize: (text, options) => engine.tokenize(text, options),
    pieces: (tokens) => engine.pieces(tokens),
  };
}

async function statelessPrompt(
  { scope, server }: EngineRequest,
  engine: TextEngine,
  now: ConversationSoFar,
  cacheKey: string,
): Promise<TurnPrompt> {
  const { name } = scope.tenant;
  const known = server.turns.find(name, cacheKey, now);
  const prompt = known === null ? await firstPrompt(engine, now) : await nextPrompt(engine, known.turn, known.added);
  if (prompt.basis !== null && prompt.basis.departure !== null) return prompt;
  // The client may have meant to go on from a later turn than the one that is still its beginning.
  const closest = closestDeparture(server.turns.recent(name, cacheKey), now, prompt.text) ?? prompt.basis;
  return { ...prompt, basis: closest ?? elsewhere(server.turns.findAnywhere(name, now)) };
}

/** What the conversation goes on from has its KV in another part of the tenant's cache. */
function elsewhere(known: KnownTurn | null): PromptBasis | null {
  return known === null ? null : { turn: known.turn, departure: null };
}

/** Where the turn is called something else now, another one may have been called so: then it goes on from that. */
async function followingPrompt(
  { scope, server }: EngineRequest,
  engine: TextEngine,
  { turn, past }: TurnReference,
  added: readonly ChatMessage[],
  cacheKey: string,
): Promise<TurnPrompt> {
  const prompt = await nextPrompt(engine, turn, added, past);
  const known = prompt.basis?.departure === null ? null : server.turns.find(scope.tenant.name, cacheKey, prompt);
  if (known === null || known.turn.id === turn.id) return prompt;
  return { ...(await nextPrompt(engine, known.turn, known.added)), basis: prompt.basis };
}

async function openInSession(
  request: EngineRequest,
  engine: TextEngine,
  { frame, messages, cacheKey = "" }: ConversationRequest,
  { id, after }: SessionReference,
): Promise<Conversation> {
  const { scope, server } = request;
  const session = server.sessions.get(scope.tenant.name, id);
  session.require(after);
  requireSameFrame(session, frame, messages);
  session.begin(() => scope.cancel(turnwiseError("cancelled")), server.sessions.nowMs);
  try {
    const { head } = session;
    const past = session.pastOf(head);
    const prompt =
      head === null
        ? await firstPrompt(engine, { ...past, messages: [...past.messages, ...messages] })
        : await nextPrompt(engine, head, messages, past);
    return new Conversation(request, prompt, session, cacheKey);
  } catch (thrown) {
    session.end(null, server.sessions.nowMs);
    throw thrown;
  }
}

/** System prompt, tools and template variables are fixed from the session's beginning. */
function requireSameFrame(session: Session, frame: ConversationFrame, messages: readonly ChatMessage[]): void {
  const changes = (name: keyof ConversationFrame): boolean =>
    frame[name] !== undefined && frameKey({ [name]: frame[name] }) !== frameKey({ [name]: session.init.frame[name] });
  const problem = "is fixed for a session; to change it, fork the session (POST /v1/sessions/{id}/fork)";
  if (changes("tools")) fail("request_invalid", { field: "tools", problem });
  if (changes("variables")) fail("request_invalid", { field: "chat_template_kwargs", problem });
  const hasBegun = session.headId !== null || session.init.opening.length > 0;
  if (hasBegun && messages.some(({ role }) => role === "system" || role === "developer")) {
    fail("request_invalid", { field: "messages", problem: `holds a system prompt, which ${problem}` });
  }
}
