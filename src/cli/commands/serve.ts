/** `turnwise serve`: the HTTP server over one model, until a signal ends it. */

import { EventEmitter, once } from "node:events";
import type { createServer as CreateServer, TurnwiseServer } from "../../server/create-server.ts";
import type { OptionValues } from "../../base/option-table.ts";
import { SERVER_OPTIONS } from "../../server/options.ts";
import { reloadOptions } from "../../server/reload-options.ts";
import { takeCoresAtOnce } from "../../engine/threads/thread-priority.ts";
import { collectRarely } from "../collect-rarely.ts";
import { EXIT_CODES, defineCommand } from "../command.ts";
import type { CommandContext } from "../command.ts";
import { describeCapacity, describeModel } from "../describe-engine.ts";
import { exitBySignal, takeHangups } from "../interrupts.ts";
import { type LoadedEngine, loadEngine } from "../load-engine.ts";
import { CACHE_OPTIONS } from "../options/cache-options.ts";
import { notifyReady } from "../notify-service.ts";
import { BATCH_OPTIONS, ENGINE_OPTIONS, toEngineOptions, toWaitingLimits } from "../options/engine-options.ts";
import { MODEL_OPTIONS } from "../options/model-options.ts";
import { MODEL_ARGUMENT, resolveModel } from "../resolve-model.ts";
import { errorLines } from "../report-error.ts";
import { writeLine } from "../terminal.ts";

/** Those of the engine; what it is loaded with stays until a restart. */
const LOAD_OPTIONS = { ...BATCH_OPTIONS, ...MODEL_OPTIONS, ...ENGINE_OPTIONS, ...CACHE_OPTIONS } as const;

type ServeValues = OptionValues<typeof SERVER_OPTIONS & typeof LOAD_OPTIONS>;

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
    collectRarely();
    // Before a model is pulled, which may take long.
    const answerHangups = takeHangups();
    const model = await resolveModel(given ?? options.model, options.cacheDir, context);
    // What is wrong with the template, the address or the keys is said before the model takes its time to load.
    const engineOptions = toEngineOptions(model, options, options);
    const begin = new EventEmitter();
    const engine = once(begin, "load").then(() => loadEngine(engineOptions, context));
    const server = await openServer(engine, options);
    const { url, adminUrl } = await server.listen();
    const drained = untilDrained(server, context);
    const running = { server, engine, options };
    answerHangups(() => reload(running, rereadOptions, context));
    begin.emit("load");
    try {
      const loaded = await Promise.race([server.ready, drained.then(() => null)]);
      if (loaded === null) return EXIT_CODES.ok;
      takeCoresAtOnce();
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

interface Running {
  readonly server: TurnwiseServer;
  readonly engine: Promise<LoadedEngine>;
  /** As they were taken last. */
  options: ServeValues;
}

/** Whatever is wrong with the new settings, the server goes on with the old ones. */
function reload(running: Running, reread: () => ServeValues, { terminal }: CommandContext): void {
  try {
    const wanted = reread();
    const changed = reloadOptions(LOAD_OPTIONS, running.options, wanted);
    const kept = [...running.server.reload(wanted), ...changed.kept];
    running.options = changed.taken;
    // Before the model is loaded they wait for it; where it does not load, nobody is served.
    running.engine.then((engine) => engine.limitWaiting(toWaitingLimits(changed.taken))).catch(() => undefined);
    const restart = kept.length === 0 ? "" : `; ${kept.join(", ")} changed, too: that takes a restart`;
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
