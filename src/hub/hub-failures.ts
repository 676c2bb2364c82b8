/** What a hub's refusals mean to the user, and what to do. */

import { TurnwiseError, turnwiseError } from "../base/errors.ts";
import type { HubToken } from "./token.ts";

/** Of the system and of undici. */
const CUT_CODES: ReadonlySet<unknown> = new Set(["ECONNRESET", "UND_ERR_SOCKET"]);

interface HubAnswer {
  readonly status: number;
  /** The header X-Error-Code, or null. */
  readonly errorCode: string | null;
  readonly host: string;
  readonly repo: string;
  /** The file that was asked for; null for the listing. */
  readonly path: string | null;
  /** The repository's page for people. */
  readonly page: string;
  readonly token: HubToken | null;
  /** The header Retry-After, or null. */
  readonly retryAfter: string | null;
}

/** `hub_unreachable` for the moment: it says so, by status 429 or 5xx, or it cut the connection. */
export class HubBusyError extends TurnwiseError {
  /** As long as it asks to wait; null where it does not say. */
  readonly retryAfterMs: number | null;

  constructor(host: string, reason: string, retryAfterMs: number | null = null) {
    super("hub_unreachable", { host, reason });
    this.retryAfterMs = retryAfterMs;
  }
}

export function hubFailure(answer: HubAnswer): TurnwiseError {
  const { status, host, repo, path, retryAfter } = answer;
  if (status === 401 || status === 403) return refusal(answer);
  if (status === 404)
    return turnwiseError("hub_not_found", { host, what: path === null ? repo : `${path} in ${repo}` });
  const reason = `it answered with status ${status}`;
  if (status === 429 || status >= 500) return new HubBusyError(host, reason, parseRetryAfter(retryAfter, Date.now()));
  return turnwiseError("hub_unreachable", { host, reason });
}

/** A hub says the same of a repository that is not there and of one that the account may not know of. */
function refusal({ status, errorCode, host, repo, page, token }: HubAnswer): TurnwiseError {
  const account =
    token === null ? "set HF_TOKEN to your token" : `see that the token of ${token.origin} is that account's`;
  const refused = { host, repo, status };
  if (errorCode === "RepoNotFound") {
    const reason = "there is no repository of that name, or it is private";
    return turnwiseError("hub_refused", { ...refused, reason, hint: `Check the name; for a private one, ${account}` });
  }
  const reason =
    errorCode === "GatedRepo"
      ? "it needs its licence accepted"
      : "it may need its licence accepted or be private, or there is no repository of that name";
  const hint = `Open ${page} with your account, accept what it asks, and ${account}`;
  return turnwiseError("hub_refused", { ...refused, reason, hint });
}

/** RFC 9110, 10.2.3: seconds or a date. Milliseconds from `nowMs`, or null where it is neither. */
export function parseRetryAfter(text: string | null, nowMs: number): number | null {
  if (text === null) return null;
  if (/^\d+$/.test(text)) return Number(text) * 1000;
  const untilMs = Date.parse(text);
  return Number.isNaN(untilMs) ? null : Math.max(0, untilMs - nowMs);
}

/** A failed connection; undici hides the system's word in the cause. */
export function unreachable({ host }: URL, thrown: unknown): TurnwiseError {
  const reason = describeCause(thrown);
  return isCut(thrown) ? new HubBusyError(host, reason) : turnwiseError("hub_unreachable", { host, reason });
}

/** Such as one that was kept open and had just been given up on the other side. */
function isCut(thrown: unknown): boolean {
  const cause = thrown instanceof Error ? thrown.cause : undefined;
  return cause instanceof Error && "code" in cause && CUT_CODES.has(cause.code);
}

/** "ECONNREFUSED 127.0.0.1:80", not "fetch failed". */
export function describeCause(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  const { cause } = thrown;
  if (cause instanceof AggregateError) return describeCause(cause.errors[0]);
  return cause instanceof Error && cause.message !== "" ? cause.message : thrown.message;
}
