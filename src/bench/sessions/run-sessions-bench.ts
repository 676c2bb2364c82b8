/**
 * What a turn costs behind a long context: in a session, in a fork of it, and of a client that resends everything
 * with tool calls that it parsed; each against a bare prompt of as many tokens. And what forks cost.
 */

import type { EngineApi } from "../../engine/types.ts";
import type { ChatMessage } from "../../text/template/types.ts";
import { createRandom } from "../../base/random.ts";
import { spreadOf } from "../spread.ts";
import { MAX_TEXTS, words, wordsFor } from "./exact-words.ts";
import { SessionApi, type TimedTurn, type TurnTokens } from "./session-api.ts";
import type { ForksFigure, SessionsReport, TurnsFigure } from "./sessions-report.ts";

export interface SessionsBench {
  readonly engine: EngineApi;
  /** Of its server, up to and including `/v1`. */
  readonly url: string;
  /** Tokens of the session before the measured turns, the last answer included. */
  readonly contextTokens: number;
  /** Tokens that each measured turn computes. */
  readonly turnTokens: number;
  readonly forks: number;
  readonly rounds: number;
  readonly onProgress: (label: string, fraction: number) => void;
}

/** Rounds that are not measured. */
const WARM_UPS = 2;
/** Every round and the forks have a text of their own. */
export const MAX_ROUNDS = MAX_TEXTS - WARM_UPS - 2;

const CHAT = "/chat/completions";
const FIRST_ANSWER_TOKENS = 8;
const FORK_ANSWER_TOKENS = 8;
const REQUIRED_CALL = { tool_choice: "required", max_tokens: 512, ignore_eos: false } as const;

/** Every field is one of few words, so that the call of a model of random weights ends soon. */
const TOOL = {
  type: "function",
  function: {
    name: "lookup",
    parameters: {
      type: "object",
      properties: { table: { enum: ["users", "orders"] }, limit: { enum: [10, 20] }, open: { enum: [true, false] } },
      required: ["table", "limit", "open"],
      additionalProperties: false,
    },
  },
} as const;

interface ChatCall {
  readonly id: string;
  readonly function: { readonly name: string; readonly arguments: string };
}

/** Throws `request_failed` where the server refuses, and `trace_invalid` where no text has the wanted length. */
export async function runSessionsBench(bench: SessionsBench): Promise<SessionsReport> {
  const { engine, contextTokens, rounds } = bench;
  const run = new SessionsRun(bench);
  const fillSeconds = await run.fill();
  const turns = await run.measureTurns();
  const forks = await run.measureForks();
  const { backend, threads } = engine.capacity;
  return { model: engine.model.name, backend, threads, rounds, contextTokens, fillSeconds, turns, forks };
}

interface TurnKind {
  readonly name: string;
  /** Of its texts. */
  words: number;
  readonly run: (text: string) => Promise<TimedTurn>;
}

class SessionsRun {
  readonly #bench: SessionsBench;
  readonly #api: SessionApi;
  readonly #random = createRandom("sessions");
  /** Shared by the session and the conversation that is resent. */
  #system = "";
  #session = "";
  #head = "";
  /** Ends with a call as a client parsed it and wrote it anew. */
  #resent: readonly object[] = [];
  /** Of a user's message, and of a tool's result. */
  #turnWords = 0;
  #resultWords = 0;

  constructor(bench: SessionsBench) {
    this.#bench = bench;
    this.#api = new SessionApi(bench.url);
  }

  /** Seconds that the context took. */
  async fill(): Promise<number> {
    const { contextTokens, turnTokens } = this.#bench;
    this.#bench.onProgress("counting tokens", 0);
    // The last token of an answer was generated and not computed: each turn computes it first.
    const probe = await this.#api.post<{ id: string }>("/sessions", {});
    const before = await this.#turnOf(probe.id, "Go", FIRST_ANSWER_TOKENS);
    this.#turnWords = await wordsFor(turnTokens - 1, "a turn", async (text) => {
      const { cached, prefilled } = await this.#turnOf(probe.id, text, 1);
      await this.#api.post(`/sessions/${probe.id}/rollback`, { to: before.turn });
      return cached + prefilled - ledgerTokens(before);
    });
    const systemWords = await wordsFor(contextTokens - FIRST_ANSWER_TOKENS, "the context", (text) =>
      this.#promptTokens([system(text), user("Go")]),
    );
    this.#system = words(systemWords, 0);
    this.#bench.onProgress("filling the context", 0);
    const startMs = performance.now();
    const { id } = await this.#api.post<{ id: string }>("/sessions", { messages: [system(this.#system)] });
    this.#session = id;
    const first = await this.#turnOf(id, "Go", FIRST_ANSWER_TOKENS);
    this.#head = first.turn ?? "";
    const seconds = (performance.now() - startMs) / 1000;
    await this.#callTool();
    return seconds;
  }

  /** In turns, so that what slows the machine for a while slows all of them. */
  async measureTurns(): Promise<TurnsFigure[]> {
    const { rounds, turnTokens } = this.#bench;
    const kinds: readonly TurnKind[] = [
      { name: "bare prompt", words: 0, run: () => this.#bare() },
      { name: "turn of a session", words: this.#turnWords, run: (text) => this.#inSession(text) },
      // The letter in small: the session has had a turn with the same text.
      { name: "turn of a fork", words: this.#turnWords, run: (text) => this.#inFork(text.toLowerCase()) },
      { name: "all resent, calls parsed", words: this.#resultWords, run: (text) => this.#resendWith(text) },
    ];
    const turns = kinds.map((): TimedTurn[] => []);
    for (let round = 0; round < WARM_UPS + rounds; round++) {
      for (const [index, kind] of kinds.entries()) {
        this.#bench.onProgress(kind.name, round / (WARM_UPS + rounds));
        const timed = await kind.run(words(kind.words, round + 1));
        if (round >= WARM_UPS) turns[index]?.push(timed);
        // What the template writes before a text is found from the second text on: so many words more are new.
        else if (round > 0) kind.words += turnTokens - timed.prefilled;
      }
    }
    const bareMs = spreadOf((turns[0] ?? []).map(({ firstTokenMs }) => firstTokenMs)).median;
    return kinds.map(({ name }, index) => turnsFigure(name, turns[index] ?? [], bareMs));
  }

  async measureForks(): Promise<ForksFigure> {
    const { forks: count, engine } = this.#bench;
    this.#bench.onProgress("forking", 1);
    const pagesHeld = async (): Promise<number> => {
      const { pagesUsed, pagesCached } = await engine.stats();
      return pagesUsed + pagesCached;
    };
    const before = await pagesHeld();
    const ms: number[] = [];
    const ids: string[] = [];
    for (let index = 0; index < count; index++) {
      const startMs = performance.now();
      ids.push(await this.#fork());
      ms.push(performance.now() - startMs);
    }
    const made = (await pagesHeld()) - before;
    let most = 0;
    const watch = async (): Promise<void> => void (most = Math.max(most, await pagesHeld()));
    const api = new SessionApi(this.#bench.url, () => void watch());
    // The same message, greedily answered: they say the same.
    await Promise.all(ids.map((id) => this.#turnOf(id, words(4, MAX_TEXTS - 1), FORK_ANSWER_TOKENS, api)));
    await watch();
    return { count, ms: spreadOf(ms), pages: made, pagesWhileRunning: (most - before) / count };
  }

  #bare(): Promise<TimedTurn> {
    const { turnTokens } = this.#bench;
    // Letters in an order that has not been before: nothing of it is cached.
    const letter = (): number => 32 + Math.floor(this.#random() * 64);
    return this.#api.turn("/completions", { prompt: Array.from({ length: turnTokens }, letter), max_tokens: 1 });
  }

  async #inSession(text: string): Promise<TimedTurn> {
    const timed = await this.#turnOf(this.#session, text, 1);
    await this.#api.post(`/sessions/${this.#session}/rollback`, { to: this.#head });
    return timed;
  }

  async #inFork(text: string): Promise<TimedTurn> {
    return this.#turnOf(await this.#fork(), text, 1);
  }

  #resendWith(text: string): Promise<TimedTurn> {
    const messages = [...this.#resent, toolResult(this.#resent, text)];
    return this.#api.turn(CHAT, { messages, tools: [TOOL], max_tokens: 1 });
  }

  async #fork(): Promise<string> {
    return (await this.#api.post<{ id: string }>(`/sessions/${this.#session}/fork`, {})).id;
  }

  #turnOf(session: string, text: string, maxTokens: number, api = this.#api): Promise<TimedTurn> {
    return api.turn(CHAT, { session: { id: session }, messages: [user(text)], max_tokens: maxTokens });
  }

  /** The model calls the tool, and the client takes the call apart and writes it anew. */
  async #callTool(): Promise<void> {
    const messages = [system(this.#system), user("Look it up")];
    const body = { messages, tools: [TOOL], temperature: 0, ...REQUIRED_CALL };
    const { choices, turnwise } = await this.#api.post<{
      choices: { message: { tool_calls: ChatCall[] } }[];
      turnwise: { tokens: TurnTokens };
    }>(CHAT, body);
    const calls = (choices[0]?.message.tool_calls ?? []).map(rewrittenCall);
    this.#resent = [...messages, { role: "assistant", content: null, tool_calls: calls }];
    this.#resultWords = await wordsFor(this.#bench.turnTokens - 1, "a tool's result", async (text) => {
      const { cached, prefilled } = await this.#resendWith(text);
      return cached + prefilled - ledgerTokens(turnwise.tokens);
    });
  }

  async #promptTokens(messages: readonly object[]): Promise<number> {
    const { engine } = this.#bench;
    const text = await engine.renderChat({ messages: messages as readonly ChatMessage[], addGenerationPrompt: true });
    return (await engine.tokenize(text, { addSpecial: true, parseSpecial: true })).length;
  }
}

function turnsFigure(name: string, timed: readonly TimedTurn[], bareMs: number): TurnsFigure {
  const firstTokenMs = spreadOf(timed.map((each) => each.firstTokenMs));
  return {
    name,
    cachedTokens: Math.min(...timed.map(({ cached }) => cached)),
    prefilledTokens: Math.max(...timed.map(({ prefilled }) => prefilled)),
    firstTokenMs,
    prefillMs: spreadOf(timed.map(({ prefillMs }) => prefillMs)).median,
    timesBare: firstTokenMs.median / bareMs,
  };
}

/** Of the conversation with the answer. */
const ledgerTokens = ({ cached, prefilled, generated }: TurnTokens): number => cached + prefilled + generated;

const user = (content: string): object => ({ role: "user", content });
const system = (content: string): object => ({ role: "system", content });

function toolResult(conversation: readonly object[], content: string): object {
  const { tool_calls: calls } = conversation.at(-1) as { readonly tool_calls: readonly ChatCall[] };
  return { role: "tool", tool_call_id: calls[0]?.id, content };
}

/** Its arguments in another order and with white space. */
function rewrittenCall({ id, function: { name, arguments: given } }: ChatCall): object {
  const fields = Object.entries(JSON.parse(given) as Record<string, unknown>).toReversed();
  return { id, type: "function", function: { name, arguments: JSON.stringify(Object.fromEntries(fields), null, 1) } };
}
