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
import { ResponseStore } from "./responses/response-store.ts";
import { ROUTES } from "./routes.ts";
import { servedModelId } from "./server-context.ts";
import type { HonoEnv } from "./server-context.ts";
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
  /** Cancels everything and closes now. */
  close(): Promise<void>;
}

export interface ServerSurroundings {
  /** Where TURNWISE_API_KEY is looked up; by default the process's environment. */
  readonly env?: Environment;
  /** Where log lines go; by default stderr. */
  readonly logDestination?: DestinationStream;
}

/** After the last answer its final bytes may still be on their way to a slow client. */
const FLUSH_GRACE_MS = 2000;

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
  const keys = loadApiKeys(options.apiKeyFile, env["TURNWISE_API_KEY"]);
  checkBinding(options.host, keys.required, options.insecure);
  const logger = createLogger(options.logLevel, surroundings.logDestination);
  const lifecycle = new Lifecycle(engine);
  const metrics = createServerMetrics(() =>
    lifecycle.engine === null ? "" : servedModelId(lifecycle.engine, options),
  );
  const responses = new ResponseStore({ ttlMs: options.storeTtl, bytesPerOwner: options.storeBytes });
  const reference = {
    openApi: () => openApiDocument(ROUTES, packageVersion()),
    page: () => referencePage(ROUTES, packageVersion()),
  };
  const context = {
    options,
    lifecycle,
    metrics,
    logger,
    responses,
    reference,
    sessions: new SessionStore(),
    turns: new TurnMemory(),
  };
  const app = createApp(context, keys, (socket) => writes.reasonFor(socket));
  const listener = createHttpListener(app.fetch, options.host, logger);
  const writes = watchWrites(listener.server, options.writeTimeout);

  let drained: Promise<void> | null = null;
  let graceMs = FLUSH_GRACE_MS;
  const end = async (timeoutMs: number): Promise<void> => {
    await lifecycle.drain(timeoutMs);
    await listener.close(graceMs);
    writes.stop();
    logger.info("closed");
  };
  const endNow = async (): Promise<void> => {
    graceMs = 0;
    if (drained === null) drained = end(0);
    else await lifecycle.drain(0);
    await drained;
  };
  return {
    app,
    listen: (port = options.port) => listener.listen(options.host, port),
    drain(reason) {
      if (drained !== null) return endNow();
      logger.info({ reason, openRequests: lifecycle.openRequests }, "draining");
      listener.server.closeIdleConnections();
      drained = end(options.drainTimeout);
      return drained;
    },
    close: endNow,
  };
}
