/** A server of a model in this process, for commands that measure one. */

import { resolveOptions } from "../base/option-parse.ts";
import type { EngineApi } from "../engine/types.ts";
import { takeCoresAtOnce } from "../engine/threads/thread-priority.ts";
import { SERVER_OPTIONS } from "../server/options.ts";
import { collectRarely } from "./collect-rarely.ts";
import type { CommandContext } from "./command.ts";
import { openServer } from "./commands/serve.ts";
import { withEngine } from "./load-engine.ts";
import { type BatchValues, type EngineValues, toEngineOptions } from "./options/engine-options.ts";

export interface OwnServer {
  /** Up to and including `/v1`. */
  readonly url: string;
  readonly model: string;
}

/** What `work` gives; the server listens on a free port of this machine for its time. */
export async function withOwnServer<Result>(
  model: string,
  engineValues: EngineValues,
  batch: BatchValues | undefined,
  context: CommandContext,
  work: (server: OwnServer, engine: EngineApi) => Promise<Result>,
): Promise<Result> {
  // As `turnwise serve` does.
  collectRarely();
  return withEngine(toEngineOptions(model, engineValues, batch), context, async (engine) => {
    takeCoresAtOnce();
    const serverOptions = resolveOptions(SERVER_OPTIONS, { port: "0", "log-level": "error" });
    const server = await openServer(Promise.resolve(engine), serverOptions, { env: {} });
    try {
      const { url } = await server.listen();
      return await work({ url: `${url}/v1`, model: engine.model.id }, engine);
    } finally {
      await server.close();
    }
  });
}
