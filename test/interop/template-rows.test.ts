/**
 * Chat templates of real models against Python's jinja2 with the settings of Hugging Face's
 * apply_chat_template. Rows that are known to differ are listed: one that begins or ceases to differ
 * fails here.
 */

import { readFileSync } from "node:fs";

import { describe, expect, it } from "vitest";

import { TurnwiseError } from "../../src/base/errors.ts";
import { parseChatTemplate } from "../../src/text/template/chat-template.ts";
import type { ChatMessage, ChatTool } from "../../src/text/template/types.ts";
import { sharedAbsent, sharedPath } from "./support/shared-folder.ts";

interface Expected {
  readonly cases: Readonly<
    Record<
      string,
      {
        readonly messages: readonly ChatMessage[];
        readonly tools?: readonly ChatTool[] | null;
        readonly add_generation_prompt: boolean;
        readonly bos_token: string;
        readonly eos_token: string;
      }
    >
  >;
  /** By template and case: the output, or the error that Python raised. */
  readonly rendered: Readonly<Record<string, Readonly<Record<string, { readonly o?: string; readonly e?: string }>>>>;
}

const HERMES = "it reads fields that are undefined or loops over tools that are null";
const FUNCTIONARY = "it filters a null list; or the expected text has HTML entities for quotes";
const SEED = "it has objects with integer keys";

const KNOWN_DIFFERENT: Readonly<Record<string, string>> = {
  "NousResearch-Hermes-2-Pro-Llama-3-8B-tool_use.jinja plain": HERMES,
  "NousResearch-Hermes-2-Pro-Llama-3-8B-tool_use.jinja nosys": HERMES,
  "NousResearch-Hermes-2-Pro-Llama-3-8B-tool_use.jinja tools": HERMES,
  "NousResearch-Hermes-3-Llama-3.1-8B-tool_use.jinja plain": HERMES,
  "NousResearch-Hermes-3-Llama-3.1-8B-tool_use.jinja nosys": HERMES,
  "NousResearch-Hermes-3-Llama-3.1-8B-tool_use.jinja tools": HERMES,
  "meetkai-functionary-medium-v3.1.jinja plain": FUNCTIONARY,
  "meetkai-functionary-medium-v3.1.jinja nosys": FUNCTIONARY,
  "meetkai-functionary-medium-v3.1.jinja toolsnull": FUNCTIONARY,
  "meetkai-functionary-medium-v3.1.jinja tools": FUNCTIONARY,
  "meetkai-functionary-medium-v3.1.jinja toolturn": FUNCTIONARY,
  "ByteDance-Seed-OSS.jinja plain": SEED,
  "ByteDance-Seed-OSS.jinja nosys": SEED,
  "ByteDance-Seed-OSS.jinja toolsnull": SEED,
  "ByteDance-Seed-OSS.jinja tools": SEED,
  "ByteDance-Seed-OSS.jinja toolturn": SEED,
};

/** The day on which the expected texts were made. */
const NOW = new Date(2026, 0, 1, 12);

/** The text, or null where the template refused. */
function render(source: string, input: Expected["cases"][string], argumentsAsJson: boolean): string | null {
  const messages = argumentsAsJson ? input.messages.map(withJsonArguments) : input.messages;
  try {
    return parseChatTemplate(source).render({
      messages,
      ...(input.tools ? { tools: input.tools } : {}),
      addGenerationPrompt: input.add_generation_prompt,
      bosToken: input.bos_token,
      eosToken: input.eos_token,
      now: NOW,
    });
  } catch (error) {
    if (error instanceof TurnwiseError && error.code === "template_failed") return null;
    throw error;
  }
}

/** As OpenAI's clients send them. */
function withJsonArguments(message: ChatMessage): ChatMessage {
  if (message.tool_calls === undefined) return message;
  const calls = message.tool_calls.map((call) => ({
    ...call,
    function: { ...call.function, arguments: JSON.stringify(call.function.arguments) },
  }));
  return { ...message, tool_calls: calls };
}

function readExpected(): Expected {
  return JSON.parse(readFileSync(sharedPath("templates/expected.json"), "utf8")) as Expected;
}

describe.skipIf(sharedAbsent)("chat templates of real models", () => {
  for (const argumentsAsJson of [false, true]) {
    const form = argumentsAsJson ? "JSON" : "objects";

    it(`render as in Python, refusals too, with arguments of tool calls as ${form}`, () => {
      const { cases, rendered } = readExpected();
      const different: string[] = [];
      let rows = 0;
      for (const [file, row] of Object.entries(rendered)) {
        const source = readFileSync(sharedPath(`templates/${file}`), "utf8");
        for (const [name, expected] of Object.entries(row)) {
          const input = cases[name];
          if (input === undefined) continue;
          rows += 1;
          if (render(source, input, argumentsAsJson) !== (expected.o ?? null)) different.push(`${file} ${name}`);
        }
      }
      expect(rows).toBe(120);
      expect(different.toSorted()).toEqual(Object.keys(KNOWN_DIFFERENT).toSorted());
    });
  }
});
