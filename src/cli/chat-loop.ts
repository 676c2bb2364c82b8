/**
 * The conversation of `turnwise chat`: reads lines, streams answers, keeps the history. A turn that is
 * cancelled or fails leaves the history as it was before the turn.
 */

import { createInterface } from "node:readline";
import type { Interface } from "node:readline";
import { TurnwiseError } from "../base/errors.ts";
import { unreachable } from "../base/invariant.ts";
import type { EngineApi, GenerateRequest } from "../engine/types.ts";
import type { ChatMessage } from "../text/template/types.ts";
import { parseChatLine } from "./chat-line.ts";
import type { ChatLine } from "./chat-line.ts";
import { createProgress } from "./progress.ts";
import { errorLines } from "./report-error.ts";
import { describeSpeed } from "./speed.ts";
import { isInteractive, writeLine, writeModelText, writeText } from "./terminal.ts";
import type { Terminal } from "./terminal.ts";

type TurnSettings = Pick<GenerateRequest, "sampling" | "maxTokens" | "stop">;

const HELP = [
  "/system TEXT  set the system message (without a text: remove it)",
  "/reset        forget the conversation; the system message stays",
  "/exit         end (also Ctrl-D)",
  "Ctrl-C        stop the answer",
  "A line that ends with \\ goes on in the next one.",
];

export class ChatLoop {
  readonly #engine: EngineApi;
  readonly #terminal: Terminal;
  readonly #settings: TurnSettings;
  readonly #interactive: boolean;
  #system: string | null;
  #turns: ChatMessage[] = [];
  #running: AbortController | null = null;
  #ended = false;

  constructor(engine: EngineApi, terminal: Terminal, settings: TurnSettings & { readonly system: string | null }) {
    const { system, ...turn } = settings;
    this.#engine = engine;
    this.#terminal = terminal;
    this.#interactive = isInteractive(terminal);
    this.#system = system;
    this.#settings = turn;
  }

  /** Until /exit or the end of the input. Without a terminal each line of the input is a message. */
  async run(): Promise<void> {
    const { stdin, stdout } = this.#terminal;
    await this.#say(`${this.#engine.model.name}. /help lists the commands, Ctrl-D ends.`);
    // From here to the loop nothing awaits: a line that came before the loop would be lost.
    const lines = createInterface({
      input: stdin,
      ...(this.#interactive ? { output: stdout, prompt: "> " } : {}),
      terminal: this.#interactive,
    });
    // On a terminal readline has the keyboard: Ctrl-C arrives there and not as a signal.
    lines.on("SIGINT", () => this.#interrupt(lines));
    try {
      if (this.#interactive) lines.prompt();
      let unfinished = "";
      for await (const line of lines) {
        if (line.endsWith("\\")) {
          unfinished += `${line.slice(0, -1)}\n`;
          continue;
        }
        await this.#obey(parseChatLine(unfinished + line));
        unfinished = "";
        if (this.#ended) break;
        if (this.#interactive) lines.prompt();
      }
    } finally {
      lines.close();
    }
  }

  async #obey(line: ChatLine): Promise<void> {
    switch (line.kind) {
      case "empty":
        return;
      case "message":
        return this.#answer(line.text);
      case "help":
        return this.#say(HELP.join("\n"));
      case "reset":
        this.#turns = [];
        return this.#say("The conversation is forgotten.");
      case "system":
        this.#system = line.text === "" ? null : line.text;
        return this.#say(this.#system === null ? "There is no system message now." : "The system message is set.");
      case "exit":
        this.#ended = true;
        return;
      case "unknown":
        return this.#say(`There is no command ${line.command}. /help lists them.`);
      default:
        unreachable(line);
    }
  }

  async #answer(text: string): Promise<void> {
    const question: ChatMessage = { role: "user", content: text };
    this.#running = new AbortController();
    try {
      const answer = await this.#stream([...this.#turns, question], this.#running.signal);
      this.#turns.push(question, { role: "assistant", content: answer });
    } catch (thrown) {
      if (!(thrown instanceof TurnwiseError) || this.#endsConversation(thrown)) throw thrown;
      if (thrown.code === "cancelled") await this.#say("\n(stopped; this turn is forgotten)");
      else await this.#say([...errorLines(thrown, false), "  /reset begins a new conversation."].join("\n"));
    } finally {
      this.#running = null;
    }
  }

  /** A person can go on after a refused turn; a pipe would go on as if it had been answered. */
  #endsConversation(error: TurnwiseError): boolean {
    return !this.#interactive || error.class === "InternalError" || error.code === "engine_disposed";
  }

  async #stream(turns: readonly ChatMessage[], signal: AbortSignal): Promise<string> {
    const { stdout, stderr } = this.#terminal;
    const system: ChatMessage[] = this.#system === null ? [] : [{ role: "system", content: this.#system }];
    const prompt = await this.#engine.renderChat({ messages: [...system, ...turns], addGenerationPrompt: true });
    const progress = createProgress(stderr);
    let answer = "";
    let tokens = 0;
    try {
      for await (const part of this.#engine.generate({ ...this.#settings, prompt, signal })) {
        if (part.kind === "prefill") {
          progress.update("reading the prompt", part.doneTokens / part.promptTokens);
        } else if (part.kind === "delta") {
          progress.done();
          answer += part.text;
          tokens += part.tokens.length;
          await writeModelText(stdout, part.text);
        } else if (part.kind === "end") {
          await writeText(stdout, answer.endsWith("\n") ? "" : "\n");
          await this.#say(describeSpeed(part.usage.promptTokens, tokens, part.timings));
        }
      }
    } finally {
      progress.done();
    }
    return answer;
  }

  #interrupt(lines: Interface): void {
    if (this.#running !== null) {
      this.#running.abort();
    } else if (lines.line === "") {
      this.#terminal.stderr.write("\n(Ctrl-D or /exit ends)\n");
      lines.prompt();
    } else {
      // As in a shell: the line typed so far is dropped.
      lines.write(null, { ctrl: true, name: "u" });
    }
  }

  /** Said about the conversation, so not part of standard output; to nobody where nobody is there. */
  async #say(text: string): Promise<void> {
    if (this.#interactive) await writeLine(this.#terminal.stderr, text);
  }
}
