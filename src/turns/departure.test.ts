import { describe, expect, it } from "vitest";
import { makeTurn } from "../../test/support/make-turn.ts";
import type { ChatMessage, ChatTool } from "../text/template/types.ts";
import { closestDeparture } from "./departure.ts";
import type { ConversationSoFar } from "./turn.ts";

const system = (content: string): ChatMessage => ({ role: "system", content });
const user = (content: string): ChatMessage => ({ role: "user", content });
const reply = (content: string): ChatMessage => ({ role: "assistant", content });
const tool = (name: string): ChatTool => ({ type: "function", function: { name, description: `It does ${name}.` } });

const STABLE = "You are an agent that edits files in a repository. Think before you act, and be brief.";
const dated = (day: string): ChatMessage => system(`Today is ${day}. ${STABLE}`);

const FRAME = { tools: [tool("read"), tool("write")] };
const MESSAGES = [system(STABLE), user("Fix the bug"), reply("I look"), user("Go on"), reply("Done")];
const TURN = makeTurn({ frame: FRAME, messages: MESSAGES });

const causeOf = (now: Partial<ConversationSoFar>): string | null =>
  closestDeparture(
    [makeTurn({ id: "other", messages: [user("Else"), reply("Other")] }), TURN],
    {
      frame: FRAME,
      messages: [...MESSAGES, user("Next")],
      ...now,
    },
    "",
  )?.departure?.cause ?? null;

const withSystem = (content: string): readonly ChatMessage[] => [system(content), ...MESSAGES.slice(1), user("Next")];

describe("closestDeparture", () => {
  it.each([
    ["system_changed", { messages: withSystem("You are a poet.") }],
    ["system_changed", { messages: [...MESSAGES.slice(1), user("Next")] }],
    ["volatile_text", { messages: withSystem(`${STABLE} request-id: 91ab`) }],
    ["tools_changed", { frame: { tools: [tool("read"), tool("delete")] } }],
    ["tools_reordered", { frame: { tools: [tool("write"), tool("read")] } }],
    ["variables_changed", { frame: { ...FRAME, variables: { enable_thinking: false } } }],
    ["history_changed", { messages: [...MESSAGES.slice(0, 2), reply("I looked"), ...MESSAGES.slice(3), user("Next")] }],
    // A client that drops its oldest messages.
    ["history_changed", { messages: [system(STABLE), ...MESSAGES.slice(3), user("Next")] }],
  ] as const)("finds %s", (cause, now) => {
    const before = `${STABLE} request-id: 77c0`;
    const turn = makeTurn({ ...TURN, messages: [system(before), ...MESSAGES.slice(1)] });
    const found = cause === "volatile_text" ? closestDeparture([turn], { frame: FRAME, ...now }, "") : null;
    expect(cause === "volatile_text" ? found?.departure?.cause : causeOf(now)).toBe(cause);
  });

  it("knows a system prompt that has come", () => {
    const turn = makeTurn({ messages: MESSAGES.slice(1) });
    const now = { frame: {}, messages: [...MESSAGES, user("Next")] };
    expect(closestDeparture([turn], now, "")?.departure?.cause).toBe("system_changed");
  });

  it("knows a system prompt again in a new conversation where only its date is new", () => {
    const turn = makeTurn({ messages: [dated("2026-11-27"), user("Fix the bug"), reply("Done")] });
    const found = closestDeparture([turn], { frame: {}, messages: [dated("2026-11-28"), user("Another one")] }, "");
    expect(found?.departure).toEqual({
      cause: "volatile_text",
      had: expect.stringMatching(/^system: Today is 2026-11-27\. You are/),
      has: expect.stringMatching(/^system: Today is 2026-11-28\. You are/),
    });
  });

  it("takes of two conversations with the same messages the one that begins alike", () => {
    const turns = ["Blue sky", "Red sea"].map((text) =>
      makeTurn({ id: text, promptText: text, messages: [user(text), reply("Same"), user("More"), reply("Else")] }),
    );
    const now = { frame: {}, messages: [user("Red sky"), reply("Same"), user("New")] };
    expect(closestDeparture(turns, now, "Red sky")?.turn.id).toBe("Red sea");
    expect(closestDeparture(turns.toReversed(), now, "Red sky")?.turn.id).toBe("Red sea");
  });

  it("shows a bounded excerpt", () => {
    const long = "x".repeat(10_000);
    const turn = makeTurn({ messages: [system(`${long}a${long}`), user("Q"), reply("A")] });
    const now = { frame: {}, messages: [system(`${long}b${long}`), user("Q"), reply("A"), user("R")] };
    const { departure } = closestDeparture([turn], now, "") ?? {};
    expect(departure?.had.length).toBeLessThanOrEqual(200);
    expect(departure?.had).toContain("a");
    expect(departure?.has).toContain("b");
  });

  it.each([
    ["a conversation that goes on", {}],
    ["another question after the same beginning", { messages: [...MESSAGES.slice(0, 3), user("Stop")] }],
    ["a new conversation of the same agent", { messages: [system(STABLE), user("Another bug")] }],
    ["a new conversation of another agent", { messages: [system("You are a poet."), user("A poem")], frame: {} }],
    ["history from elsewhere", { messages: [system(STABLE), user("x"), reply("y"), user("z")] }],
  ])("finds nothing in %s", (_, now) => {
    expect(causeOf(now)).toBeNull();
  });
});
