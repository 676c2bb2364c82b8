/** What each cause of a miss means, and what a client can do about it. */

import type { MissCause } from "./miss.ts";

interface Advice {
  readonly what: string;
  readonly remedy: string;
}

export const MISS_ADVICE: Readonly<Record<MissCause, Advice>> = {
  template_rewrote_history: {
    what: "the chat template renders earlier messages otherwise than before",
    remedy: "Use a template that only appends (--chat-template), or a variable of it that keeps old thoughts.",
  },
  system_changed: {
    what: "the system prompt is another one",
    remedy: "Keep the system prompt as it is, and put what changes into the last message.",
  },
  tools_changed: {
    what: "the tools are other ones",
    remedy: 'Send the same tools with every turn, and forbid those of the moment with tool_choice: "none".',
  },
  tools_reordered: {
    what: "the same tools came in another order",
    remedy: "Send the tools in one order, sorted by their names for example.",
  },
  variables_changed: {
    what: "the variables of the chat template are other ones",
    remedy: "Send the same chat_template_kwargs with every turn.",
  },
  history_changed: {
    what: "the client sent an earlier message otherwise than before, or left it out",
    remedy: "Send earlier messages as they were; shorten a history rarely and by much, not with every turn.",
  },
  volatile_text: {
    what: "a date, a time or an id near the front is another one with every request",
    remedy: "Move it into the last message, or leave it out.",
  },
  cache_key_changed: {
    what: "the request named another prompt_cache_key than the turn before",
    remedy: "Send one prompt_cache_key for all turns of a conversation.",
  },
  evicted: {
    what: "the KV pages were given up to make room for others",
    remedy: "Give the server more memory (--kv-memory), or run fewer sessions at once.",
  },
};
