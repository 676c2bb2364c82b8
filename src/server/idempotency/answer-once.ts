/**
 * `Idempotency-Key`: the same request under the same key runs once. Who sends it again joins it while it runs and
 * reads its answer from the beginning, or is given the answer that it had.
 */

import { createHash } from "node:crypto";
import { fail } from "../../base/errors.ts";
import { readBody } from "../read-body.ts";
import type { RouteRequest } from "../server-context.ts";
import { type SharedHead, SharedRun } from "./shared-run.ts";

const HEADER = "idempotency-key";
/** Says that an answer was not made for this request. */
const REPLAYED = "idempotent-replayed";
const MAX_KEY_CHARACTERS = 255;

/** The answer of `answer`, or of the request that was sent before under the same key. */
export async function answerOnce(request: RouteRequest, answer: () => Response | Promise<Response>): Promise<Response> {
  const { http, scope, server } = request;
  const key = http.req.header(HEADER);
  if (key === undefined) return answer();
  if (key === "" || key.length > MAX_KEY_CHARACTERS) {
    fail("request_invalid", { field: "Idempotency-Key", problem: `expected 1 to ${MAX_KEY_CHARACTERS} characters` });
  }
  const body = await readBody(http.req.raw, server.options.maxBody, scope.signal);
  const digest = createHash("sha256").update(body).digest("base64url");
  const place = JSON.stringify([http.req.method, http.req.path, key]);
  const { name } = scope.tenant;
  const known = server.idempotency.find(name, place, digest);
  if (known !== null) return join(request, known);
  const { url, method, headers } = http.req.raw;
  http.req.raw = new Request(url, { method, headers, ...(body.length === 0 ? {} : { body }) });
  return begin(request, place, new SharedRun(digest, scope), answer);
}

async function begin(
  { scope, server }: RouteRequest,
  place: string,
  run: SharedRun,
  answer: () => Response | Promise<Response>,
): Promise<Response> {
  const { name } = scope.tenant;
  const left = new AbortController();
  const leave = run.attend();
  scope.onClientLeft = () => {
    left.abort();
    leave();
  };
  server.idempotency.add(name, place, run);
  run.begin(
    async () => answer(),
    (succeeded) => server.idempotency.end(name, place, succeeded),
  );
  return respond(await run.head(), run.body.read(left.signal), leave);
}

async function join({ scope }: RouteRequest, run: SharedRun): Promise<Response> {
  const leave = run.attend();
  const { signal } = scope;
  signal.addEventListener("abort", leave, { once: true });
  const head = await Promise.race([run.head(), aborted(signal)]).catch((thrown: unknown) => {
    leave();
    throw thrown;
  });
  scope.streaming = true;
  scope.status = head.status;
  const response = respond(head, run.body.read(signal), () => {
    leave();
    scope.end();
  });
  response.headers.set(REPLAYED, "true");
  return response;
}

/** `onEnd` is called once, when the body was read to its end, or its reader has left. */
function respond({ status, headers }: SharedHead, body: AsyncGenerator<Uint8Array>, onEnd: () => void): Response {
  const stream = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = await body.next();
      if (done !== true) {
        controller.enqueue(value);
        return;
      }
      controller.close();
      onEnd();
    },
    async cancel() {
      onEnd();
      await body.return(undefined);
    },
  });
  return new Response(stream, { status, headers: new Headers(headers) });
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const stop = (): void => reject(signal.reason as Error);
    if (signal.aborted) stop();
    else signal.addEventListener("abort", stop, { once: true });
  });
}
