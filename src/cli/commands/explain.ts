/** `turnwise explain`: what a session's turns found in the cache, what they computed again, and why. */

import { fail } from "../../base/errors.ts";
import type { OptionTable } from "../../base/option-table.ts";
import type { SessionExplanation } from "../../server/answers/session-answers.ts";
import { EXIT_CODES, defineCommand } from "../command.ts";
import { renderExplanation } from "../render-explanation.ts";
import { writeJson, writeText } from "../terminal.ts";

const EXPLAIN_OPTIONS = {
  url: {
    type: { kind: "string", placeholder: "URL" },
    default: "http://127.0.0.1:8080/v1",
    env: null,
    help: "The server's base URL up to /v1",
  },
  "api-key": {
    type: { kind: "string", placeholder: "KEY" },
    default: null,
    env: "OPENAI_API_KEY",
    help: "A key of the tenant whose session it is",
  },
  json: { type: { kind: "boolean" }, default: false, env: null, help: "Print one JSON object" },
} as const satisfies OptionTable;

export const EXPLAIN = defineCommand({
  name: "explain",
  summary: "Show what a session's turns found in the cache, and why they missed",
  details:
    "For each turn: tokens found, computed and generated, and the time they took. Where a turn computed\n" +
    "again what an earlier one had computed: the place, the cause, the text around it, and the remedy.",
  arguments: { session: { required: true, help: "A session's id, such as sess_1f0c" } },
  groups: { Server: EXPLAIN_OPTIONS },
  examples: ["turnwise explain sess_1f0c", "turnwise explain sess_1f0c --url http://10.0.0.5:8000/v1 --json"],
  run: async ({ arguments: { session }, options: { url, apiKey, json } }, { terminal }) => {
    const explanation = await fetchExplanation(url.replace(/\/+$/, ""), session, apiKey);
    if (json) await writeJson(terminal.stdout, explanation);
    else await writeText(terminal.stdout, renderExplanation(explanation));
    return EXIT_CODES.ok;
  },
});

/** Throws `request_failed` with what the server says. */
async function fetchExplanation(base: string, session: string, apiKey: string | null): Promise<SessionExplanation> {
  const url = `${base}/sessions/${encodeURIComponent(session)}/explain`;
  const headers = apiKey === null ? {} : { authorization: `Bearer ${apiKey}` };
  let reason: string;
  try {
    const response = await fetch(url, { headers });
    const body = (await response.json()) as SessionExplanation | { readonly error?: { readonly message?: string } };
    if (response.ok && "turns" in body) return body;
    reason = ("error" in body ? body.error?.message : undefined) ?? `HTTP ${response.status}`;
  } catch (error) {
    reason = error instanceof Error ? error.message : String(error);
  }
  return fail("request_failed", { url, reason });
}
