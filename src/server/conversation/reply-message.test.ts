import { expect, it } from "vitest";
import { TOOL_FORMATS } from "../../text/tools/tool-formats.ts";
import { TurnReader } from "../../text/tools/turn-reader.ts";
import { CallIds } from "./call-ids.ts";
import { replyMessage } from "./reply-message.ts";

/** Code is written as it is, up to the end of the answer: only that end makes its call whole. */
it.each([
  [false, '{"code": "print(1"}'],
  [true, '{"code": "print(1'],
])("remembers a call as its client was given it; cut off: %s", (cut, expected) => {
  const tools = { format: TOOL_FORMATS["llama3-builtin"], names: new Set(["code_interpreter"]) };
  const reader = new TurnReader({ tools, thoughts: "none" });
  const message = replyMessage(reader, "<|python_tag|>print(1", new CallIds(() => "call_1"), cut);
  expect(message.tool_calls).toMatchObject([{ id: "call_1", function: { arguments: expected } }]);
});
