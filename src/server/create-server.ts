/**
 * The server as its users see it: the command line, tests, and programs that embed it. It assembles
 * the parts and owns the sockets and timers; the engine belongs to the caller.
 */

import type { Hono } from "hono";
import type { DestinationStream } from "pino";
import type { Environment } from "../base/environment.ts";
import type { EngineApi } from "../engine/types.ts";
import { packageVersion } from "../native/native-paths.ts";
import { SessionStore } from "../turns/session-store.ts";
import { TurnMemory } from "../turns/turn-memory.ts";
import { loadApiKeys } from "./api-keys.ts";
import type { ApiKeys } from "./api-keys.ts";
import { checkBinding } from "./binding.ts";
import { createApp } from "./create-app.ts";
import { createHttpListener } from "./http-listener.ts";
import type { ListenAddress } from "./http-listener.ts";
import { Lifecycle } from "./lifecycle.ts";
import { createServerMetrics } from "./metrics/server-metrics.ts";
import type { ServerOptions } from "./options.ts";
import { createLogger } from "./request-log.ts";
import { openApiDocument } from "./openapi.ts";
import { referencePage } from "./reference-page.ts";
import { reloadOptions } from "./reload-options.ts";
import { ResponseStore } from "./responses/response-store.ts";
import { ROUTES } from "./routes.ts";
import { servedModelId } from "./server-context.ts";
import type { HonoEnv, ServerContext } from "./server-context.ts";
import { createShutdown } from "./shutdown.ts";
import { watchWrites } from "./write-watch.ts";

export type { ListenAddress } from "./http-listener.ts";

export interface TurnwiseServer {
  /** For requests without a socket: `app.request(path, init)`. */
  readonly app: Hono<HonoEnv>;
  /** Listens at the options' address, or at another port. Throws `port_unavailable`; another port may be tried then. */
  listen(port?: number): Promise<ListenAddress>;
  /**
   * Takes no new requests, lets running ones finish within the drain timeout, cancels the rest and closes.
   * A second call cancels them at once. `reason` goes to the log.
   */
  drain(reason: string): Promise<void>;
  /**
   * Takes the API keys and those options that can change while requests run; returns the names of changed
   * ones that cannot. Requests in progress go on. Throws what `createServer` throws; then nothing has changed.
   */
  reload(options: ServerOptions): readonly string[];
  /** Cancels everything and closes now. */
  close(): Promise<void>;
}

export interface ServerSurroundings {
  /** Where TURNWISE_API_KEY is looked up; by default the process's environment. */
  readonly env?: Environment;
  /** Where log lines go; by default stderr. */
  readonly logDestination?: DestinationStream;
}

/**
 * A server of `engine`. Given a promise, it listens at once and answers 503 `not_ready` until the engine
 * is there. Throws `unsafe_binding`, or what is wrong with the API key file.
 */
export function createServer(
  engine: EngineApi | Promise<EngineApi>,
  options: ServerOptions,
  surroundings: ServerSurroundings = {},
): TurnwiseServer {
  const env = surroundings.env ?? process.env;
  let current = options;
  let keys = loadApiKeys(options.apiKeyFile, env["TURNWISE_API_KEY"]);
  checkBinding(options.host, keys.required, options.insecure);
  const logger = createLogger(options.logLevel, surroundings.logDestination);
  const lifecycle = new Lifecycle(engine);
  const metrics = createServerMetrics(() =>
    lifecycle.engine === null ? "" : servedModelId(lifecycle.engine, options),
  );
  const responses = new ResponseStore({ ttlMs: options.storeTtl, bytesPerOwner: options.storeBytes });
  const context: ServerContext = {
    get options() {
      return current;
    },
    lifecycle,
    metrics,
    logger,
    responses,
    reference: {
      openApi: () => openApiDocument(ROUTES, packageVersion()),
      page: () => referencePage(ROUTES, packageVersion()),
    },
    sessions: new SessionStore(),
    turns: new TurnMemory(),
  };
  const keysNow: Pick<ApiKeys, "identify"> = { identify: (credentials) => keys.identify(credentials) };
  const app = createApp(context, keysNow, (socket) => writes.reasonFor(socket));
  const listener = createHttpListener(app.fetch, options.host, logger);
  const writes = watchWrites(listener.server, options.writeTimeout);

  const shutdown = createShutdown({ lifecycle, listener, writes, logger });
  return {
    app,
    listen: (port = options.port) => listener.listen(options.host, port),
    drain: (reason) => shutdown.drain(reason, current.drainTimeout),
    reload(wanted) {
      const { taken, kept } = reloadOptions(current, wanted);
      const wantedKeys = loadApiKeys(taken.apiKeyFile, env["TURNWISE_API_KEY"]);
      checkBinding(taken.host, wantedKeys.required, taken.insecure);
      keys = wantedKeys;
      current = taken;
      logger.level = taken.logLevel;
      logger.info({ kept }, "settings reloaded");
      return kept;
    },
    close: () => shutdown.now(),
  };
}
