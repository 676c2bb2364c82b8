/** The Hono application: what every request passes through, then its route. It needs no socket. */

import type { Socket } from "node:net";
import { Hono } from "hono";
import type { Context } from "hono";
import { cors } from "hono/cors";
import { fail, turnwiseError } from "../base/errors.ts";
import type { TurnwiseError } from "../base/errors.ts";
import { type Caller, isAdmin } from "./access/caller.ts";
import type { KeyHeaders } from "./access/api-keys.ts";
import { requireKnownHost } from "./access/known-host.ts";
import { rateHeaders } from "./access/rate-headers.ts";
import { DIALECTS } from "./dialects.ts";
import { errorStatus, isRetriedInVain, retryAfterSeconds } from "./error-map.ts";
import { answerOnce } from "./idempotency/answer-once.ts";
import { logRequest } from "./request-log.ts";
import { REQUEST_ID_HEADER, requestIdFrom } from "./request-id.ts";
import { RequestScope } from "./request-scope.ts";
import type { Route } from "./routes.ts";
import type { HonoEnv, ServerContext } from "./server-context.ts";

/** Anthropic's clients send it with every request. */
const ANTHROPIC_VERSION = "anthropic-version";

/** Characters of a path that are repeated in an error. */
const SHOWN_PATH_CHARACTERS = 200;

/** Why the server closed this connection, if it did. */
export type CloseReason = (socket: Socket) => TurnwiseError | null;

export interface AppParts {
  readonly routes: readonly Route[];
  readonly identify: (headers: KeyHeaders) => Caller;
  readonly closeReason: CloseReason;
}

export function createApp(server: ServerContext, { routes, identify, closeReason }: AppParts): Hono<HonoEnv> {
  const app = new Hono<HonoEnv>();
  app.use("*", async (http, next) => {
    const scope = openScope(http, server, closeReason);
    http.set("scope", scope);
    await next();
    http.res.headers.set(REQUEST_ID_HEADER, scope.id);
    http.res.headers.set(DIALECTS[scope.dialect].idHeader, scope.id);
    for (const [name, value] of rateHeaders(scope.meter, scope.dialect)) http.res.headers.set(name, value);
    if (server.lifecycle.phase === "draining" && isBodyRead(http.req.raw)) http.res.headers.set("connection", "close");
    scope.status = http.res.status;
    if (!scope.streaming) scope.end();
  });
  if (server.options.corsOrigin !== null) app.use("*", corsFor(server.options.corsOrigin));
  for (const route of routes) app.on(route.method, route.path, (http) => handle(route, http, server, identify));
  for (const path of new Set(routes.map((route) => route.path))) {
    const allowed = allowedMethods(routes, path);
    app.all(path, (http) => {
      http.header("allow", allowed);
      return answerError(http, turnwiseError("method_not_allowed", { method: http.req.method, path, allowed }));
    });
  }
  app.notFound((http) => {
    const path = http.req.path.slice(0, SHOWN_PATH_CHARACTERS);
    return answerError(http, turnwiseError("route_not_found", { method: http.req.method, path }));
  });
  app.onError((thrown, http) => answerError(http, http.get("scope").failure(thrown)));
  return app;
}

function openScope(http: Context<HonoEnv>, server: ServerContext, closeReason: CloseReason): RequestScope {
  const { lifecycle, metrics, logger, options } = server;
  const id = requestIdFrom(http.req.header(REQUEST_ID_HEADER));
  // Hono leaves `env` out where the request was made in process.
  const socket = (http.env as HonoEnv["Bindings"] | undefined)?.incoming?.socket;
  const { signal } = http.req.raw;
  const leave = (): void => scope.clientLeft((socket && closeReason(socket)) ?? turnwiseError("cancelled"));
  const scope = new RequestScope(id, http.req.method, options.requestTimeout, (ended) => {
    // Node keeps the signal for as long as the request, and so would all that the request has led to be kept, for ever.
    signal.removeEventListener("abort", leave);
    lifecycle.ended(ended);
    const { route, method, tenant, error } = ended;
    metrics.requestEnded({ route, method, tenant, status: error === null ? ended.status : errorStatus(error) });
    if (ended.promptTokens !== null) metrics.turnEnded(ended);
    logRequest(logger, ended, server.options.logPrompts);
  });
  lifecycle.opened(scope);
  signal.addEventListener("abort", leave);
  // Its clients read their own errors also where the route is both APIs', or none.
  if (http.req.header(ANTHROPIC_VERSION) !== undefined) scope.dialect = "anthropic";
  return scope;
}

/** Closing with a body unread would reset the connection, and the client might lose the answer. */
function isBodyRead(request: Request): boolean {
  if (request.headers.get("content-length") === "0") return true;
  return request.method === "GET" || request.method === "HEAD" || request.bodyUsed;
}

function handle(
  route: Route,
  http: Context<HonoEnv>,
  server: ServerContext,
  identify: AppParts["identify"],
): Response | Promise<Response> {
  const scope = http.get("scope");
  scope.route = route.path;
  scope.dialect = route.dialect ?? scope.dialect;
  if (route.access !== "anyone") {
    const caller = identify({
      authorization: http.req.header("authorization"),
      xApiKey: http.req.header("x-api-key"),
    });
    if (caller.local) requireKnownHost(http.req.header("host"), server.options.allowHost);
    if (route.access === "admin" && !isAdmin(caller, (name) => http.req.header(name))) fail("admin_key_required");
    scope.caller = caller;
  }
  const request = { http, scope, server };
  if (route.needs === "nothing") return route.handle(request);
  const engine = server.lifecycle.admit();
  const { key, maxRequests } = scope.caller;
  if (server.lifecycle.openRequestsOf(key) > maxRequests) fail("key_busy", { limit: maxRequests });
  // What was refused costs nothing.
  if (route.method === "POST") scope.meter?.admit();
  const answer = (): Response | Promise<Response> => route.handle({ ...request, engine });
  return route.once === true ? answerOnce(request, answer) : answer();
}

function answerError(http: Context<HonoEnv>, error: TurnwiseError): Response {
  const scope = http.get("scope");
  scope.error = error;
  const dialect = DIALECTS[scope.dialect];
  const headers = new Headers({ "content-type": "application/json" });
  const retryAfter = retryAfterSeconds(error);
  if (retryAfter !== null) headers.set("retry-after", String(retryAfter));
  if (isRetriedInVain(error)) headers.set("x-should-retry", "false");
  if (error.code === "invalid_api_key") headers.set("www-authenticate", "Bearer");
  const allow = http.res.headers.get("allow");
  if (allow !== null) headers.set("allow", allow);
  return new Response(JSON.stringify(dialect.body(error, scope.id)), { status: dialect.status(error), headers });
}

/** A GET route answers HEAD as well. */
function allowedMethods(routes: readonly Route[], path: string): string {
  const methods = routes.filter((route) => route.path === path).map((route) => route.method);
  return methods.flatMap((method) => (method === "GET" ? ["GET", "HEAD"] : [method])).join(", ");
}

function corsFor(origins: string): ReturnType<typeof cors> {
  const list = origins
    .split(",")
    .map((origin) => origin.trim())
    .filter((origin) => origin !== "");
  return cors({
    origin: list.includes("*") ? "*" : list,
    allowMethods: ["GET", "POST", "DELETE"],
    exposeHeaders: [REQUEST_ID_HEADER, "retry-after"],
    maxAge: 600,
  });
}
