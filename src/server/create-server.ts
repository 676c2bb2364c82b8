/**
 * The server as its users see it: the command line, tests, and programs that embed it. It assembles
 * the parts and owns the sockets and timers; the engine belongs to the caller.
 */

import type { Socket } from "node:net";
import type { Hono } from "hono";
import type { DestinationStream } from "pino";
import type { Environment } from "../base/environment.ts";
import type { TurnwiseError } from "../base/errors.ts";
import type { EngineApi } from "../engine/types.ts";
import { packageVersion } from "../native/native-paths.ts";
import { SessionStore } from "../turns/session-store.ts";
import { TurnMemory } from "../turns/turn-memory.ts";
import type { AdminAddress } from "./access/admin-address.ts";
import { ApiKeys, type KeyHeaders, type LoadedKeys } from "./access/api-keys.ts";
import { type Caller, openCaller } from "./access/caller.ts";
import { readAccess } from "./access/read-access.ts";
import type { TlsFiles } from "./access/tls-files.ts";
import { createApp } from "./create-app.ts";
import { createHttpListener } from "./http-listener.ts";
import type { HttpListener, ListenAddress } from "./http-listener.ts";
import { IdempotencyStore } from "./idempotency/idempotency-store.ts";
import { Lifecycle } from "./lifecycle.ts";
import { createServerMetrics } from "./metrics/server-metrics.ts";
import { SERVER_OPTIONS, type ServerOptions } from "./options.ts";
import { createLogger, type Logger } from "./request-log.ts";
import { referencePage } from "./reference-page.ts";
import { reloadOptions } from "./reload-options.ts";
import { ResponseStore } from "./responses/response-store.ts";
import { ROUTES } from "./routes.ts";
import { servedModelId } from "./server-context.ts";
import type { HonoEnv, ServerContext } from "./server-context.ts";
import { publishPrefixes, type SharedPrefix } from "./shared-prefixes.ts";
import { createShutdown } from "./shutdown.ts";
import { sweepStores } from "./sweep-stores.ts";
import { watchWrites } from "./write-watch.ts";

export type { ListenAddress } from "./http-listener.ts";

export interface TurnwiseServer {
  /** For requests without a socket: `app.request(path, init)`. */
  readonly app: Hono<HonoEnv>;
  /** The engine, once requests are taken. Rejects with why it could not be loaded, or a prefix not be published. */
  readonly ready: Promise<EngineApi>;
  /** Listens at the options' address, or at another port. Throws `port_unavailable`; another port may be tried then. */
  listen(port?: number): Promise<ListenAddress & { readonly adminUrl: string | null }>;
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
  /** Resolves when the server has ended: by one of these calls, or by an operator's request. */
  readonly ended: Promise<void>;
}

export interface ServerSurroundings {
  /** Where TURNWISE_API_KEY and TURNWISE_ADMIN_KEY are looked up; by default the process's environment. */
  readonly env?: Environment;
  /** Where log lines go; by default stderr. */
  readonly logDestination?: DestinationStream;
}

/**
 * A server of `engine`. Given a promise, it listens at once and answers 503 `not_ready` until the engine
 * is there. Throws what `readAccess` throws.
 */
export function createServer(
  engine: EngineApi | Promise<EngineApi>,
  options: ServerOptions,
  surroundings: ServerSurroundings = {},
): TurnwiseServer {
  const env = surroundings.env ?? process.env;
  let current = options;
  const keys = new ApiKeys();
  const first = readAccess(options, env);
  const { admin } = first;
  keys.take(first.keys);
  const logger = createLogger(options.logLevel, surroundings.logDestination);
  warnOfExposedKeys(first.keys, options, logger);
  const sharedPrefixes: SharedPrefix[] = [];
  const ready =
    options.sharedPrefix === null
      ? engine
      : Promise.resolve(engine).then((loaded) => publishPrefixes(loaded, options, sharedPrefixes));
  const context = createContext(ready, options, logger, {
    sharedPrefixes,
    options: () => current,
    drain: (reason) => void shutdown.drain(reason, current.drainTimeout),
  });
  const closeReason = (socket: Socket): TurnwiseError | null => writes.reasonFor(socket);
  const identify = (headers: KeyHeaders): Caller => keys.identify(headers);
  const app = createApp(context, { routes: ROUTES, identify, closeReason });
  const listener = createHttpListener(app.fetch, options.host, logger, first.tls);
  const writes = watchWrites(listener.server, options.writeTimeout);
  const adminListener = admin === null ? null : createAdminListener(context, admin, identify, first.tls);
  const listeners = [listener, ...(adminListener === null ? [] : [adminListener])];

  const shutdown = createShutdown({ lifecycle: context.lifecycle, listeners, writes, logger });
  sweepStores(context, shutdown.ended);
  void shutdown.ended.then(() => context.metrics.close());
  return {
    app,
    ready: Promise.resolve(ready),
    ended: shutdown.ended,
    async listen(port = options.port) {
      const address = await listener.listen(options.host, port);
      if (admin === null || adminListener === null) return { ...address, adminUrl: null };
      try {
        const { url: adminUrl } = await adminListener.listen(admin.host, admin.port);
        return { ...address, adminUrl };
      } catch (thrown) {
        await shutdown.now();
        throw thrown;
      }
    },
    drain: (reason) => shutdown.drain(reason, current.drainTimeout),
    reload(wanted) {
      const { taken, kept } = reloadOptions(SERVER_OPTIONS, current, wanted);
      const { keys: wantedKeys, tls } = readAccess(taken, env);
      keys.take(wantedKeys);
      current = taken;
      logger.level = taken.logLevel;
      writes.setTimeout(taken.writeTimeout);
      warnOfExposedKeys(wantedKeys, taken, logger);
      if (tls !== null) for (const each of listeners) each.setTls(tls);
      logger.info({ kept }, "settings reloaded");
      return kept;
    },
    close: () => shutdown.now(),
  };
}

/** Of keys that anyone has who reads the file. */
function warnOfExposedKeys({ keys }: LoadedKeys, { apiKeyFile }: ServerOptions, logger: Logger): void {
  const exposed = keys.filter((key) => key.exposed).length;
  if (exposed === 0) return;
  const remedy = "write a line as sha256: and the key's hash instead, as `printf KEY | sha256sum` shows it";
  logger.warn({ file: apiKeyFile, keys: exposed }, `the key file holds keys as they are; ${remedy}`);
}

/** The operator's routes at an address of their own. Where only this machine reaches it, no key is asked for. */
function createAdminListener(
  context: ServerContext,
  { host, local }: AdminAddress,
  identify: (headers: KeyHeaders) => Caller,
  tls: TlsFiles | null,
): HttpListener {
  const app = createApp(context, {
    routes: ROUTES.filter(({ access, path }) => access === "admin" || path === "/health" || path === "/ready"),
    identify: local ? () => openCaller({ admin: "from-this-machine", local }) : identify,
    closeReason: () => null,
  });
  return createHttpListener(app.fetch, host, context.logger, local ? null : tls);
}

/** The parts that routes use. */
function createContext(
  engine: EngineApi | Promise<EngineApi>,
  options: ServerOptions,
  logger: Logger,
  {
    options: current,
    ...given
  }: { readonly options: () => ServerOptions } & Pick<ServerContext, "drain" | "sharedPrefixes">,
): ServerContext {
  const lifecycle = new Lifecycle(engine);
  return {
    get options() {
      return current();
    },
    lifecycle,
    metrics: createServerMetrics(() => (lifecycle.engine === null ? "" : servedModelId(lifecycle.engine, options))),
    logger,
    responses: new ResponseStore({ ttlMs: options.storeTtl, bytesPerOwner: options.storeBytes }),
    reference: {
      // Loaded when it is asked for: no start waits for the schemas of all answers.
      openApi: async () => (await import("./openapi.ts")).openApiDocument(ROUTES, packageVersion()),
      page: () => referencePage(ROUTES, packageVersion()),
    },
    idempotency: new IdempotencyStore(),
    sessions: new SessionStore(),
    turns: new TurnMemory(),
    ...given,
  };
}
