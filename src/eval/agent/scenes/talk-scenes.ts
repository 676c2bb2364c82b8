/** Messages that no call answers: small talk, questions about the tools, requests that no tool serves. */

import { assistantSays, userSays, type Step } from "../conversation.ts";
import type { Draw } from "../draw.ts";
import { bindTool, type BoundTool, type Intent } from "../intent.ts";
import { writePhrase } from "../phrase.ts";
import { drawSayable } from "./call-scenes.ts";

const TALK: readonly (readonly [string, string])[] = [
  ["(Hi|Hello|Hey|Good morning|Good evening)(|!|.| there)", "Hello! How can I help?"],
  ["(Thanks|Thank you|Many thanks|Thanks a lot)(|!|.)", "You are welcome."],
  ["(Great|Perfect|Good|Nice|Very good)(|!|.)", "Glad to help."],
  ["(Bye|Goodbye|See you)(|!|.)", "Goodbye."],
  ["(Who|What) are you?", "I am a small assistant that uses tools."],
  ["How are you( today|)?", "I am fine, thank you. How can I help?"],
  ["(Never mind|Forget it|That is all)(|.)", "All right."],
  ["(Can you help me|I need help)(?|.|, please.)", "Of course. What do you need?"],
  ["(Are you a robot|Are you human)?", "I am a program, a small assistant that uses tools."],
  ["(Tell me a joke|Sing a song|Write a poem)(|.)", "Sorry, I can only work with my tools."],
];

export function talkScene(tools: readonly BoundTool[], draw: Draw): readonly Step[] {
  if (tools.length > 0 && draw.chance(0.15)) return capabilityScene(tools, draw);
  const [said, answer] = draw.pick(TALK);
  return [userSays(writePhrase(said, {}, draw)), assistantSays(answer)];
}

function capabilityScene(tools: readonly BoundTool[], draw: Draw): readonly Step[] {
  const names = tools.map(({ name }) => name);
  const listed = names.length === 1 ? names[0] : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
  return [
    userSays(writePhrase("(What can you do|Which tools do you have|What are your tools)?", {}, draw)),
    assistantSays(`I can use ${listed}.`),
  ];
}

const REFUSAL = "I have no tool for that.";

/** A request for what no tool of the conversation does. */
export function refusalScene(absent: Intent, draw: Draw): readonly Step[] | null {
  const bound = bindTool(absent, draw, new Set());
  const said = bound === null ? null : drawSayable(bound, draw);
  return said === null ? null : [userSays(said.request), assistantSays(REFUSAL)];
}
