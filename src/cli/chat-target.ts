/** The server that a measurement talks to: one that runs, or one of its own for the time being. */

import { fail } from "../base/errors.ts";
import type { OptionTable, OptionValues } from "../base/option-table.ts";
import type { ChatTarget } from "../bench/turns/chat-stream.ts";
import type { CommandContext } from "./command.ts";
import type { BatchValues, EngineValues } from "./options/engine-options.ts";
import { withOwnServer } from "./own-server.ts";
import { resolveModel } from "./resolve-model.ts";

export const TARGET_OPTIONS = {
  url: {
    type: { kind: "string", placeholder: "URL" },
    default: null,
    env: null,
    help: "A running server's base URL up to /v1; without it a server of --model is started",
  },
  "api-key": {
    type: { kind: "string", placeholder: "KEY" },
    default: null,
    env: "OPENAI_API_KEY",
    help: "Key for --url",
  },
  model: {
    type: { kind: "string", placeholder: "MODEL" },
    default: null,
    env: null,
    help: "With --url the id to ask for, by default the first one listed; without it the file to serve",
  },
} as const satisfies OptionTable;

type TargetOptions = OptionValues<typeof TARGET_OPTIONS> &
  EngineValues &
  BatchValues & { readonly cacheDir: string | null };

/** What `work` gives with the server at `--url`, else with one of `--model` started for it. Throws `request_failed`. */
export async function withChatTarget<Result>(
  options: TargetOptions,
  context: CommandContext,
  work: (target: ChatTarget) => Promise<Result>,
): Promise<Result> {
  if (options.url !== null) return work(await remoteTarget(options.url, options.model, options.apiKey));
  const model = await resolveModel(options.model, options.cacheDir, context);
  return withOwnServer(model, options, options, context, ({ url, model: id }) =>
    work({ url, model: id, apiKey: null }),
  );
}

/** The server's first model, unless one is named. Throws `request_failed`. */
async function remoteTarget(url: string, model: string | null, apiKey: string | null): Promise<ChatTarget> {
  const base = url.replace(/\/+$/, "");
  if (model !== null) return { url: base, model, apiKey };
  try {
    const headers = apiKey === null ? {} : { authorization: `Bearer ${apiKey}` };
    const response = await fetch(`${base}/models`, { headers });
    const { data } = (await response.json()) as { readonly data?: readonly { readonly id: string }[] };
    const first = data?.[0]?.id;
    return { url: base, apiKey, model: first ?? fail("request_failed", { url: base, reason: "it lists no model" }) };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return fail("request_failed", { url: `${base}/models`, reason });
  }
}
