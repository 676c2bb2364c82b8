/**
 * A chat request's place in its conversation: in a session it names, or in one that is known by what it
 * resends. Gives the prompt, as tokens that continue what was generated, and keeps the finished turn.
 */

import { randomUUID } from "node:crypto";
import { fail, turnwiseError } from "../base/errors.ts";
import type { Generation, GenerationUsage, StreamPart } from "../engine/types.ts";
import type { ChatMessage } from "../text/template/types.ts";
import { firstPrompt, nextPrompt } from "../turns/continue-turn.ts";
import { ReplyRecorder } from "../turns/finish-turn.ts";
import type { Session } from "../turns/session.ts";
import type { ConversationFrame, TurnPrompt } from "../turns/turn.ts";
import type { EngineRequest } from "./server-context.ts";

/** A session's KV cache is kept for the next turn this long: 95 of 100 tools answer sooner. */
export const SESSION_KEEP_MS = 180_000;

export interface ConversationRequest {
  readonly frame: ConversationFrame;
  /** All of a stateless conversation; the new ones of a session. */
  readonly messages: readonly ChatMessage[];
  readonly session: { readonly id: string; readonly after?: string | null | undefined } | undefined;
}

export class Conversation {
  readonly prompt: TurnPrompt;
  readonly session: Session | null;
  readonly #request: EngineRequest;
  readonly #recorder = new ReplyRecorder();
  #open = true;

  constructor(request: EngineRequest, prompt: TurnPrompt, session: Session | null) {
    this.prompt = prompt;
    this.session = session;
    this.#request = request;
    // A client may leave before anything is read of the answer.
    request.scope.signal.addEventListener("abort", () => this.abandon(), { once: true });
  }

  /** The same generation; when it has ended whole, its turn is kept and the session's head moves. */
  record(generation: Generation): Generation {
    return {
      promptTokens: generation.promptTokens,
      prompt: generation.prompt,
      cancel: () => generation.cancel(),
      [Symbol.asyncIterator]: () => this.#parts(generation),
    };
  }

  /** Nothing comes of it: the session's head stays. */
  abandon(): void {
    if (!this.#open) return;
    this.#open = false;
    this.session?.end(null, this.#request.server.sessions.nowMs);
  }

  async *#parts(generation: Generation): AsyncGenerator<StreamPart, undefined> {
    try {
      for await (const part of generation) {
        this.#recorder.see(part);
        if (part.kind === "end") this.#finish(generation.prompt, part.usage);
        yield part;
      }
    } finally {
      this.abandon();
    }
    return undefined;
  }

  #finish(tokens: Int32Array, usage: GenerationUsage): void {
    const { scope, server } = this.#request;
    const reply: ChatMessage = { role: "assistant", content: this.#recorder.text };
    const turn = this.#recorder.finish(`turn_${randomUUID().replaceAll("-", "")}`, this.prompt, tokens, reply, usage);
    if (turn === null || !this.#open) return;
    this.#open = false;
    server.turns.add(scope.tenant.name, turn);
    this.session?.end(turn, server.sessions.nowMs);
    scope.turn = { session: this.session?.id ?? null, turn: turn.id, miss: this.prompt.miss };
  }
}

/** Throws `session_not_found`, `session_conflict`, `session_busy`, and what the template refuses. */
export async function openConversation(request: EngineRequest, asked: ConversationRequest): Promise<Conversation> {
  const { engine, scope, server } = request;
  const { frame, messages } = asked;
  if (asked.session !== undefined) return openInSession(request, asked, asked.session);
  const known = server.turns.find(scope.tenant.name, frame, messages);
  const prompt =
    known === null ? await firstPrompt(engine, frame, messages) : await nextPrompt(engine, known.turn, known.added);
  return new Conversation(request, prompt, null);
}

async function openInSession(
  request: EngineRequest,
  { frame, messages }: ConversationRequest,
  { id, after }: NonNullable<ConversationRequest["session"]>,
): Promise<Conversation> {
  const { engine, scope, server } = request;
  const session = server.sessions.get(scope.tenant.name, id);
  session.require(after);
  requireSameFrame(session, frame, messages);
  session.begin(() => scope.cancel(turnwiseError("cancelled")), server.sessions.nowMs);
  try {
    const { head, init } = session;
    const prompt =
      head === null
        ? await firstPrompt(engine, init.frame, [...init.opening, ...messages])
        : await nextPrompt(engine, head, messages);
    return new Conversation(request, prompt, session);
  } catch (thrown) {
    session.end(null, server.sessions.nowMs);
    throw thrown;
  }
}

/** System prompt, tools and template variables are fixed from the session's beginning. */
function requireSameFrame(session: Session, frame: ConversationFrame, messages: readonly ChatMessage[]): void {
  const changes = (name: keyof ConversationFrame): boolean =>
    frame[name] !== undefined && JSON.stringify(frame[name]) !== JSON.stringify(session.init.frame[name]);
  const problem = "is fixed for a session; make another session to change it";
  if (changes("tools")) fail("request_invalid", { field: "tools", problem });
  if (changes("variables")) fail("request_invalid", { field: "chat_template_kwargs", problem });
  const hasBegun = session.head !== null || session.init.opening.length > 0;
  if (hasBegun && messages.some(({ role }) => role === "system")) {
    fail("request_invalid", { field: "messages", problem: `holds a system prompt, which ${problem}` });
  }
}
