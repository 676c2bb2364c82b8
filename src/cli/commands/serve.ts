/** `turnwise serve`: the HTTP server over one model, until a signal ends it. */

import { EventEmitter, once } from "node:events";
import type { createServer as CreateServer, TurnwiseServer } from "../../server/create-server.ts";
import { SERVER_OPTIONS } from "../../server/options.ts";
import type { ServerOptions } from "../../server/options.ts";
import { EXIT_CODES, defineCommand } from "../command.ts";
import type { CommandContext } from "../command.ts";
import { describeCapacity, describeModel } from "../describe-engine.ts";
import { exitBySignal } from "../interrupts.ts";
import { loadEngine } from "../load-engine.ts";
import { CACHE_OPTIONS } from "../options/cache-options.ts";
import { onHangup } from "../interrupts.ts";
import { notifyReady } from "../notify-service.ts";
import { BATCH_OPTIONS, ENGINE_OPTIONS, toEngineOptions } from "../options/engine-options.ts";
import { MODEL_OPTIONS } from "../options/model-options.ts";
import { MODEL_ARGUMENT, resolveModel } from "../resolve-model.ts";
import { errorLines } from "../report-error.ts";
import { writeLine } from "../terminal.ts";

export const SERVE = defineCommand({
  name: "serve",
  summary: "Serve a model over HTTP with OpenAI's API",
  details:
    "SIGTERM or Ctrl-C stops taking requests and lets the running ones finish within --drain-timeout;\n" +
    "a second one ends at once. SIGHUP reads the settings file and the API keys again; running requests go on.\n" +
    "TURNWISE_API_KEY sets an API key, TURNWISE_ADMIN_KEY one that also opens /metrics, /drain and /admin.",
  arguments: { model: MODEL_ARGUMENT },
  groups: {
    Server: SERVER_OPTIONS,
    Batch: BATCH_OPTIONS,
    Model: { ...MODEL_OPTIONS, ...ENGINE_OPTIONS, ...CACHE_OPTIONS },
  },
  examples: [
    "turnwise serve model.gguf",
    "TURNWISE_API_KEY=secret turnwise serve model.gguf --host 0.0.0.0 --port 8000",
    "turnwise serve model.gguf --ctx 8192 --kv-memory 4GiB --max-sequences 16",
  ],
  run: async ({ arguments: { model: given }, options, rereadOptions }, context) => {
    const model = await resolveModel(given ?? options.model, options.cacheDir, context);
    const begin = new EventEmitter();
    const engine = once(begin, "load").then(() => loadEngine(toEngineOptions(model, options, options), context));
    // What is wrong with the address or the keys is said before the model takes its time to load.
    const server = await openServer(engine, options);
    const { url, adminUrl } = await server.listen();
    const drained = untilDrained(server, context);
    onHangup(() => reload(server, rereadOptions, context));
    begin.emit("load");
    try {
      const loaded = await Promise.race([server.ready, drained.then(() => null)]);
      if (loaded === null) return EXIT_CODES.ok;
      const addresses = [...(adminUrl === null ? [] : [`admin routes on ${adminUrl}`]), `listening on ${url}`];
      for (const line of [describeModel(loaded.model), ...describeCapacity(loaded.capacity), ...addresses]) {
        await writeLine(context.terminal.stderr, line);
      }
      notifyReady(context.terminal.env, (reason) => context.terminal.stderr.write(`${reason}\n`));
      await drained;
      await loaded.dispose();
      return EXIT_CODES.ok;
    } catch (thrown) {
      // A prefix could not be published: the engine is loaded, and its threads are waited for.
      await engine.then(
        (loaded) => loaded.dispose(),
        () => undefined,
      );
      throw thrown;
    } finally {
      await server.close();
    }
  },
});

/** `createServer`, its libraries loaded only now: they would double the start of every other command. */
export async function openServer(...args: Parameters<typeof CreateServer>): Promise<TurnwiseServer> {
  const { createServer } = await import("../../server/create-server.ts");
  return createServer(...args);
}

/** Whatever is wrong with the new settings, the server goes on with the old ones. */
function reload(server: TurnwiseServer, reread: () => ServerOptions, { terminal }: CommandContext): void {
  try {
    const kept = server.reload(reread());
    const restart = kept.length === 0 ? "" : `; ${kept.join(", ")} changed, too, and needs a restart`;
    terminal.stderr.write(`SIGHUP: settings reloaded${restart}\n`);
  } catch (thrown) {
    for (const line of errorLines(thrown, false)) terminal.stderr.write(`${line}\n`);
    terminal.stderr.write("SIGHUP: the settings stay as they are\n");
  }
}

/**
 * Resolves when the server has ended: the first signal drains, the second cancels what still runs, a
 * third ends the process.
 */
export function untilDrained(server: TurnwiseServer, { terminal, interrupts }: CommandContext): Promise<void> {
  return new Promise((resolve, reject) => {
    void server.ended.then(resolve);
    // The handler stays: a signal while the engine ends must not look like a failure.
    interrupts.push((signal, count) => {
      if (count > 2) exitBySignal(signal);
      const line = count === 1 ? `${signal}: finishing the running requests` : `${signal} again: ending them now`;
      terminal.stderr.write(`${line}\n`);
      void server.drain(signal).then(resolve, reject);
    });
  });
}
