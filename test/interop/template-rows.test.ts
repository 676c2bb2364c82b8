/**
 * Chat templates of real models against Python's jinja2 with the settings of Hugging Face's
 * apply_chat_template: each row gives the same text, or fails with the same message.
 */

import { readFileSync } from "node:fs";

import { describe, expect, it } from "vitest";

import { TurnwiseError } from "../../src/base/errors.ts";
import { parseJinja } from "../../src/text/jinja/program.ts";
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

/** The day on which the expected texts were made. */
const NOW = new Date(2026, 0, 1, 12);

/** Tools that are null fail in Python; an engine's request without tools does not. */
const TOOLS_NULL = "toolsnull";

/** As OpenAI's clients send them. */
function withJsonArguments(message: ChatMessage): ChatMessage {
  if (message.tool_calls === undefined) return message;
  const calls = message.tool_calls.map((call) => ({
    ...call,
    function: { ...call.function, arguments: JSON.stringify(call.function.arguments) },
  }));
  return { ...message, tool_calls: calls };
}

/** The text, or the message of what refused it. */
function textOrMessage(render: () => string): string {
  try {
    return render();
  } catch (error) {
    if (error instanceof TurnwiseError && error.code === "template_failed") return String(error.params["reason"]);
    throw error;
  }
}

interface Row {
  readonly file: string;
  readonly name: string;
  readonly source: string;
  readonly input: Expected["cases"][string];
  /** Python's text, or its message without the exception's name. */
  readonly expected: string;
}

function readRows(): readonly Row[] {
  const { cases, rendered } = JSON.parse(readFileSync(sharedPath("templates/expected.json"), "utf8")) as Expected;
  return Object.entries(rendered).flatMap(([file, row]) => {
    const source = readFileSync(sharedPath(`templates/${file}`), "utf8");
    return Object.entries(row).flatMap(([name, { o, e = "" }]) => {
      const input = cases[name];
      return input === undefined ? [] : [{ file, name, source, input, expected: o ?? e.replace(/^\w+: /, "") }];
    });
  });
}

function renderChat({ source, input }: Row, argumentsAsJson: boolean): string {
  return parseChatTemplate(source).render({
    messages: argumentsAsJson ? input.messages.map(withJsonArguments) : input.messages,
    ...(input.tools ? { tools: input.tools } : {}),
    addGenerationPrompt: input.add_generation_prompt,
    bosToken: input.bos_token,
    eosToken: input.eos_token,
    now: NOW,
  });
}

describe.skipIf(sharedAbsent)("chat templates of real models", () => {
  const rows = sharedAbsent ? [] : readRows();

  it("give what Python gives for the same variables, and fail with its messages", () => {
    expect(rows).toHaveLength(120);
    for (const { file, name, source, input, expected } of rows) {
      const text = textOrMessage(() => parseJinja(source).run({ ...input }, NOW));
      expect({ file, name, text }).toEqual({ file, name, text: expected });
    }
  });

  for (const argumentsAsJson of [false, true]) {
    const form = argumentsAsJson ? "JSON" : "objects";

    it(`give it for chat messages too, with arguments of tool calls as ${form}`, () => {
      for (const row of rows) {
        const { file, name, expected } = row;
        if (name === TOOLS_NULL && expected.includes("NoneType")) continue;
        const text = textOrMessage(() => renderChat(row, argumentsAsJson));
        expect({ file, name, text }).toEqual({ file, name, text: expected });
      }
    });
  }
});
