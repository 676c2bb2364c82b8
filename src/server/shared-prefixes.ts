/**
 * Beginnings that the operator publishes (`--shared-prefix`): computed before the first request, pinned, and found
 * by every tenant whose prompt begins so. All tenants find the same of them, so they tell nobody of another.
 */

import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { fail, TurnwiseError } from "../base/errors.ts";
import type { EngineApi } from "../engine/types.ts";
import { systemReason } from "../formats/file-source.ts";
import type { ChatInput } from "../text/template/types.ts";
import { chatMessages, chatTools, toChatInput } from "./fields/chat-messages.ts";
import { CHAT_FIELDS } from "./fields/chat-fields.ts";
import { honoured, parseFields } from "./fields/field-table.ts";
import type { FieldTable } from "./fields/field-table.ts";
import type { ServerOptions } from "./options.ts";
import { toolFormatName, withItsTools } from "./tool-request.ts";

export interface SharedPrefix {
  /** Of its file. */
  readonly name: string;
  readonly tokens: number;
}

/** What a file of a conversation may hold: the beginning of a chat request. */
const CONVERSATION_FIELDS = {
  messages: honoured(chatMessages, "What the prompts begin with, such as the system prompt"),
  tools: honoured(chatTools.optional(), "Of the requests"),
  chat_template_kwargs: CHAT_FIELDS.chat_template_kwargs,
} as const satisfies FieldTable;

/** Two messages that have no first token in common. */
const NEXT_MESSAGES = ["A", "z"] as const;

/**
 * `engine` once the files of `--shared-prefix` are published, each of which is then added to `published`. Throws
 * `file_unreadable`, `conversation_invalid`, and `memory_insufficient` for more than the page pool has room for.
 */
export async function publishPrefixes(
  engine: EngineApi,
  options: ServerOptions,
  published: SharedPrefix[],
): Promise<EngineApi> {
  for (const path of options.sharedPrefix ?? []) {
    const tokens = await prefixTokens(engine, options, path, readText(path));
    await engine.publish(tokens);
    published.push({ name: basename(path), tokens: tokens.length });
  }
  return engine;
}

function readText(path: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(readFileSync(path));
  } catch (error) {
    return fail("file_unreadable", { path, reason: systemReason(error) });
  }
}

async function prefixTokens(
  engine: EngineApi,
  options: ServerOptions,
  path: string,
  text: string,
): Promise<Int32Array> {
  if (isJsonList(text)) {
    fail("conversation_invalid", { source: path, reason: 'it is a list; write {"messages": [...]} around it' });
  }
  if (!text.trimStart().startsWith("{")) return engine.tokenize(text, { addSpecial: true, parseSpecial: true });
  const input = conversationOf(path, text);
  const format = toolFormatName({ engine, server: { options } });
  // What comes of the conversation alone need not be what its prompts begin with: some templates put the tools
  // into the first message of the user. So it is what the prompts of two messages have in common.
  const [one, other] = await Promise.all(
    NEXT_MESSAGES.map(async (content) => {
      const messages = [...input.messages, { role: "user", content }];
      const prompt = await engine.renderChat(withItsTools({ ...input, messages }, format));
      return engine.tokenize(prompt, { addSpecial: true, parseSpecial: true });
    }),
  );
  if (one === undefined || other === undefined) return new Int32Array(0);
  return one.slice(
    0,
    one.findIndex((token, index) => token !== other[index]),
  );
}

/** Meant as messages, surely: as plain text no prompt would begin with it. */
function isJsonList(text: string): boolean {
  try {
    return Array.isArray(JSON.parse(text));
  } catch {
    return false;
  }
}

function conversationOf(path: string, text: string): ChatInput {
  try {
    const { values } = parseFields(CONVERSATION_FIELDS, JSON.parse(text), true);
    return toChatInput({ ...values, add_generation_prompt: undefined });
  } catch (error) {
    if (error instanceof TurnwiseError || error instanceof SyntaxError) {
      fail("conversation_invalid", { source: path, reason: error.message });
    }
    throw error;
  }
}
