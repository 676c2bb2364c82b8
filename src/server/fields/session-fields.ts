/** The fields of `/v1/sessions` and what lies below it, and how a chat request names a session. */

import { z } from "zod";
import { chatMessages, chatTools } from "./chat-messages.ts";
import { honoured } from "./field-table.ts";
import type { FieldTable } from "./field-table.ts";

/** A week; a session holds memory while it lives. */
const MAX_TTL_SECONDS = 7 * 24 * 3600;
/** OpenAI's limits of metadata. */
const MAX_METADATA = 16;
const metadata = z
  .record(z.string().max(64), z.string().max(512))
  .refine((value) => Object.keys(value).length <= MAX_METADATA, `expected at most ${MAX_METADATA} entries`);

export const SESSION_FIELDS = {
  messages: honoured(chatMessages.optional(), "What comes before the first turn, such as the system prompt"),
  tools: honoured(chatTools.optional(), "Of all its turns"),
  chat_template_kwargs: honoured(z.record(z.string(), z.unknown()).optional(), "Template variables of all its turns"),
  ttl_s: honoured(z.int().min(1).max(MAX_TTL_SECONDS).optional(), "Lives so long after its last use; default 3600"),
  metadata: honoured(metadata.optional(), "Labels, given back as they are"),
} as const satisfies FieldTable;

export const FORK_FIELDS = {
  at: honoured(
    z.string().optional(),
    'A turn of the session, or "" for the time before the first; by default its head',
  ),
  system: honoured(z.string().optional(), "Another system prompt; what follows it is computed anew"),
  tools: honoured(chatTools.optional(), "Other tools"),
  chat_template_kwargs: honoured(z.record(z.string(), z.unknown()).optional(), "Other template variables"),
  ttl_s: SESSION_FIELDS.ttl_s,
  metadata: SESSION_FIELDS.metadata,
} as const satisfies FieldTable;

export const ROLLBACK_FIELDS = {
  to: honoured(
    z.string({ error: 'expected the id of a turn, or "" for the time before the first' }),
    'The turn that is the head again, or "" for the time before the first',
  ),
} as const satisfies FieldTable;

export const sessionReference = z.object({ id: z.string(), after: z.string().nullable().optional() });
