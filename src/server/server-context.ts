/** What routes are given: the request, and the server's parts that they use. */

import type { IncomingMessage, ServerResponse } from "node:http";
import type { Context } from "hono";
import { fail } from "../base/errors.ts";
import type { EngineApi } from "../engine/types.ts";
import type { SessionStore } from "../turns/session-store.ts";
import type { TurnMemory } from "../turns/turn-memory.ts";
import type { IdempotencyStore } from "./idempotency/idempotency-store.ts";
import type { Lifecycle } from "./lifecycle.ts";
import type { ServerMetrics } from "./metrics/server-metrics.ts";
import type { ServerOptions } from "./options.ts";
import type { Logger } from "./request-log.ts";
import type { RequestScope } from "./request-scope.ts";
import type { ResponseStore } from "./responses/response-store.ts";
import type { SharedPrefix } from "./shared-prefixes.ts";

/** Hono's own bindings: the sockets are absent in requests that are made in process. */
export interface HonoEnv {
  readonly Bindings: { readonly incoming?: IncomingMessage; readonly outgoing?: ServerResponse };
  readonly Variables: { scope: RequestScope };
}

export interface ServerContext {
  /** As they are now: `reload` replaces them between two requests. */
  readonly options: ServerOptions;
  readonly lifecycle: Lifecycle;
  readonly metrics: ServerMetrics;
  readonly logger: Logger;
  readonly responses: ResponseStore;
  /** What `/openapi.json` and `/docs` answer. */
  readonly reference: { readonly openApi: () => Promise<object>; readonly page: () => string };
  /** What the operator has published. */
  readonly sharedPrefixes: readonly SharedPrefix[];
  readonly idempotency: IdempotencyStore;
  readonly sessions: SessionStore;
  /** Turns that stateless clients may come back with. */
  readonly turns: TurnMemory;
  /** Begins the server's end, as a signal does; `reason` goes to the log. */
  readonly drain: (reason: string) => void;
}

export interface RouteRequest {
  readonly http: Context<HonoEnv>;
  readonly scope: RequestScope;
  readonly server: ServerContext;
}

/** A request that was admitted while the engine is ready. */
export interface EngineRequest extends RouteRequest {
  readonly engine: EngineApi;
}

/** The id that clients see. */
export function servedModelId(engine: EngineApi, options: ServerOptions): string {
  return options.alias ?? engine.model.id;
}

/** Throws `model_not_found`, with the names there are, unless `requested` is absent or one of them. */
export function checkModel(requested: string | undefined, engine: EngineApi, options: ServerOptions): void {
  // The file's own name goes on working under an alias: it can mean nothing else.
  const served = new Set([servedModelId(engine, options), engine.model.id]);
  if (requested === undefined || served.has(requested)) return;
  fail("model_not_found", { model: JSON.stringify(requested.slice(0, 200)), served: [...served].join(", ") });
}
