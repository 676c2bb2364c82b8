/** The row of conversations that training takes, rendered by the template that serves them. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Conversation } from "../src/eval/agent/conversation.ts";
import { generateConversation } from "../src/eval/agent/generate.ts";
import { parseChatTemplate } from "../src/text/template/chat-template.ts";
import { renderConversation } from "./encode-conversation.ts";

export const TEMPLATE_SOURCE = readFileSync(join(import.meta.dirname, "chat-template.jinja"), "utf8");

const template = parseChatTemplate(TEMPLATE_SOURCE);

export function trainingConversation(seed: number, index: number): Conversation {
  return generateConversation({ seed, index, split: "training", unseen: false });
}

export function textOf(conversation: Conversation): string {
  return renderConversation(conversation, template);
}
