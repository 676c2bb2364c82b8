import { expect, test } from "vitest";
import { parseChatLine } from "./chat-line.ts";

test.each([
  ["", { kind: "empty" }],
  ["   ", { kind: "empty" }],
  [" Hello ", { kind: "message", text: "Hello" }],
  ["/help", { kind: "help" }],
  ["/RESET", { kind: "reset" }],
  ["/quit", { kind: "exit" }],
  ["/system Be short.\nBe kind.", { kind: "system", text: "Be short.\nBe kind." }],
  ["/system", { kind: "system", text: "" }],
  ["/nope now", { kind: "unknown", command: "/nope" }],
  // Paths and escaped slashes are messages.
  ["/usr/bin is what?", { kind: "message", text: "/usr/bin is what?" }],
  ["//help", { kind: "message", text: "/help" }],
])("%j", (line, expected) => {
  expect(parseChatLine(line)).toEqual(expected);
});
