import { describe, expect, it } from "vitest";
import { TOOL_FORMATS } from "../../../text/tools/tool-formats.ts";
import type { Decision } from "../conversation.ts";
import { judge, type Verdict } from "./judge.ts";
import { readReply } from "./read-reply.ts";
import { shareOf } from "./tally.ts";

const tools = new Set(["get_weather", "add_note"]);
const call = (json: string): string => `<tool_call>\n${json}\n</tool_call>`;
const oslo = call('{"name": "get_weather", "arguments": {"city": "Oslo", "days": 2}}');
const bergen = call('{"name": "get_weather", "arguments": {"city": "Bergen", "days": 2}}');

const one: Decision = { kind: "call", calls: [{ name: "get_weather", args: { days: 2, city: "Oslo" } }] };
const two: Decision = {
  kind: "call",
  calls: [
    { name: "get_weather", args: { city: "Bergen", days: 2 } },
    { name: "get_weather", args: { city: "Oslo", days: 2 } },
  ],
};
const answer: Decision = { kind: "answer", contains: ["12.5", "sunny"] };

const none: Verdict = { wellFormed: null, rightTool: null, exactArguments: null, noCall: null, resultInAnswer: null };

describe("judge", () => {
  it.each<[string, Decision, string, Partial<Verdict>]>([
    ["the same JSON in another order", one, oslo, { wellFormed: true, rightTool: true, exactArguments: true }],
    [
      "two calls in another order",
      two,
      `${oslo}\n${bergen}`,
      { wellFormed: true, rightTool: true, exactArguments: true },
    ],
    ["one call of two", two, oslo, { wellFormed: true, rightTool: false, exactArguments: false }],
    ["another value", one, bergen, { wellFormed: true, rightTool: true, exactArguments: false }],
    ["a number as text", one, oslo.replace("2}", '"2"}'), { wellFormed: true, rightTool: true, exactArguments: false }],
    [
      "another tool",
      one,
      call('{"name": "add_note", "arguments": {}}'),
      { wellFormed: true, rightTool: false, exactArguments: false },
    ],
    ["no call", one, "It is sunny.", { rightTool: false, exactArguments: false }],
    [
      "a tool that is not there",
      one,
      oslo.replace("get_weather", "weather"),
      { wellFormed: false, rightTool: false, exactArguments: false },
    ],
    ["a call that has no end", one, oslo.slice(0, -20), { wellFormed: false, rightTool: false, exactArguments: false }],
    [
      "broken JSON",
      one,
      oslo.replace(', "days"', ' "days"'),
      { wellFormed: false, rightTool: false, exactArguments: false },
    ],
    ["an answer with all of the result", answer, "It is sunny, 12.5 degrees.", { noCall: true, resultInAnswer: true }],
    ["an answer that lacks a part", answer, "It is 12.5 degrees.", { noCall: true, resultInAnswer: false }],
    ["a call in place of the answer", answer, oslo, { wellFormed: true, noCall: false, resultInAnswer: false }],
    ["a question back", { kind: "no-call" }, "Which city?", { noCall: true }],
    ["a call where none is due", { kind: "no-call" }, oslo, { wellFormed: true, noCall: false }],
  ])("judges %s", (_, decision, output, verdict) => {
    expect(judge(decision, readReply(output, TOOL_FORMATS.hermes, tools))).toEqual({ ...none, ...verdict });
  });
});

describe("shareOf", () => {
  it("has Wilson's interval", () => {
    // Brown, Cai and DasGupta (2001) give the formula; computed by hand for 8 of 10.
    const { share, interval } = shareOf(8, 10);
    expect(share).toBe(0.8);
    expect(interval?.[0]).toBeCloseTo(0.4902, 4);
    expect(interval?.[1]).toBeCloseTo(0.9433, 4);
  });
});
