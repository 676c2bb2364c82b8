import { describe, expect, it } from "vitest";

import { toTemplateMessages, type MessageForm } from "./template-messages.ts";
import type { ChatMessage } from "./types.ts";

const STRINGS: MessageForm = { content: "string", developerRole: false };
const PARTS: MessageForm = { content: "parts", developerRole: true };

function one(message: ChatMessage, form: MessageForm): unknown {
  return toTemplateMessages([message], form)[0];
}

/** What becomes of the arguments of a tool call. */
function argumentsOf(given: string | Record<string, unknown>): unknown {
  const toolCall = { id: "1", type: "function", function: { name: "f", arguments: given } } as const;
  const message = one({ role: "assistant", tool_calls: [toolCall] }, STRINGS);
  return (message as { tool_calls: [{ function: { arguments: unknown } }] }).tool_calls[0].function.arguments;
}

describe("toTemplateMessages", () => {
  const parts = [
    { type: "text", text: "a" },
    { type: "text", text: "b" },
  ];

  it("gives content in the form that the template wants", () => {
    expect(one({ role: "user", content: parts }, STRINGS)).toEqual({ role: "user", content: "a\nb" });
    expect(one({ role: "user", content: "a" }, STRINGS)).toEqual({ role: "user", content: "a" });
    expect(one({ role: "user", content: parts }, PARTS)).toEqual({ role: "user", content: parts });
    expect(one({ role: "user", content: "a" }, PARTS)).toEqual({
      role: "user",
      content: [{ type: "text", text: "a" }],
    });
  });

  it("refuses parts that are not text where text is wanted", () => {
    const message: ChatMessage = { role: "user", content: [{ type: "image_url", image_url: {} }] };
    expect(() => one(message, STRINGS)).toThrow(/image_url/);
    expect(() => one(message, STRINGS)).toThrow(expect.objectContaining({ code: "template_failed" }));
  });

  it("has empty content for null and absent content", () => {
    expect(one({ role: "assistant", content: null }, STRINGS)).toEqual({ role: "assistant", content: "" });
    expect(one({ role: "assistant" }, STRINGS)).toEqual({ role: "assistant", content: "" });
  });

  it("parses the arguments of tool calls that are objects, and leaves the rest", () => {
    expect(argumentsOf('{"city":"SF","n":2}')).toEqual({ city: "SF", n: 2 });
    expect(argumentsOf({ city: "SF" })).toEqual({ city: "SF" });
    for (const text of ["[1]", "not json", "null", '"x"', ""]) expect(argumentsOf(text)).toBe(text);
  });

  it("leaves out what is undefined and an empty list of calls, and keeps further fields", () => {
    const message = { role: "assistant", content: "a", tool_calls: [], reasoning_content: "r" };
    expect(one(message, STRINGS)).toStrictEqual({ role: "assistant", content: "a", reasoning_content: "r" });
  });

  it("calls a developer system where the template knows no developer", () => {
    expect(one({ role: "developer", content: "a" }, STRINGS)).toMatchObject({ role: "system" });
    expect(one({ role: "developer", content: "a" }, PARTS)).toMatchObject({ role: "developer" });
  });
});
