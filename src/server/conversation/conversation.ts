/**
 * One turn of a conversation while it runs. When its generation has ended whole, the turn is kept: for the
 * session it belongs to, and for the tenant's clients that come back with it.
 */

import { randomUUID } from "node:crypto";
import type { GenerateRequest, Generation, StreamPart } from "../../engine/types.ts";
import type { ChatMessage } from "../../text/template/types.ts";
import { ReplyRecorder } from "../../turns/finish-turn.ts";
import type { Session } from "../../turns/session.ts";
import type { Turn, TurnPrompt } from "../../turns/turn.ts";
import { submitGeneration } from "../generate-request.ts";
import type { EngineRequest } from "../server-context.ts";

/** The message that a client is given for a reply's text, which a limit may have cut. */
export type ReadReply = (text: string, cut: boolean) => ChatMessage;

export class Conversation {
  readonly prompt: TurnPrompt;
  readonly #session: Session | null;
  readonly #cacheKey: string;
  readonly #request: EngineRequest;
  readonly #recorder = new ReplyRecorder();
  #open = true;
  #turn: Turn | null = null;

  constructor(request: EngineRequest, prompt: TurnPrompt, session: Session | null, cacheKey: string) {
    this.prompt = prompt;
    this.#session = session;
    this.#cacheKey = cacheKey;
    this.#request = request;
    // A client may leave before anything is read of the answer.
    request.scope.signal.addEventListener("abort", () => this.#abandon(), { once: true });
  }

  /** Once its generation has ended whole. */
  get turn(): Turn | null {
    return this.#turn;
  }

  /** Submits the turn that `make` makes of the prompt. One that is refused is no turn. */
  async submit(make: () => GenerateRequest, readReply: ReadReply): Promise<Generation> {
    try {
      return this.#record(await submitGeneration(this.#request, make()), readReply);
    } catch (thrown) {
      this.#abandon();
      throw thrown;
    }
  }

  #record(generation: Generation, readReply: ReadReply): Generation {
    this.#session?.follow(generation);
    return {
      promptTokens: generation.promptTokens,
      prompt: generation.prompt,
      get isParked() {
        return generation.isParked;
      },
      cancel: () => generation.cancel(),
      [Symbol.asyncIterator]: () => this.#parts(generation, readReply),
    };
  }

  /** Nothing comes of it: the session's head stays. */
  #abandon(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#session?.end(null, this.#request.server.sessions.nowMs);
  }

  async *#parts(generation: Generation, readReply: ReadReply): AsyncGenerator<StreamPart, undefined> {
    try {
      for await (const part of generation) {
        this.#recorder.see(part);
        if (part.kind === "end") this.#finish(generation.prompt, part, readReply);
        yield part;
      }
    } finally {
      this.#abandon();
    }
    return undefined;
  }

  #finish(tokens: Int32Array, { usage, timings }: Extract<StreamPart, { kind: "end" }>, readReply: ReadReply): void {
    const { engine, scope, server } = this.#request;
    const turn = this.#recorder.finish({
      id: `turn_${randomUUID().replaceAll("-", "")}`,
      prompt: this.prompt,
      tokens,
      reply: readReply(this.#recorder.text, this.#recorder.isCut),
      cacheKey: this.#cacheKey,
      usage,
      timings,
    });
    if (turn === null || !this.#open) return;
    this.#open = false;
    this.#turn = turn;
    server.turns.add(scope.tenant.name, turn);
    const waits = waitsForTools(turn);
    const before = this.prompt.basis?.turn;
    // What was kept for the tools of the turn before is kept no longer than for those of this one.
    if (waits || (before !== undefined && waitsForTools(before))) {
      const text = { tokens: turn.ledger, tenant: scope.tenant.name, cacheKey: turn.cacheKey };
      engine.keep(text, waits ? server.options.toolWait : 0);
    }
    this.#session?.end(turn, server.sessions.nowMs);
    scope.turn = { session: this.#session?.id ?? null, turn: turn.id, miss: turn.miss };
  }
}

/** Its reply called tools: the next turn brings their results. */
function waitsForTools({ messages }: Turn): boolean {
  return (messages.at(-1)?.tool_calls?.length ?? 0) > 0;
}
