/** What a hub's refusals mean to the user, and what to do. */

import type { TurnwiseError } from "../base/errors.ts";
import { turnwiseError } from "../base/errors.ts";
import type { HubToken } from "./token.ts";

interface HubAnswer {
  readonly status: number;
  readonly host: string;
  readonly repo: string;
  /** The file that was asked for; null for the listing. */
  readonly path: string | null;
  /** The repository's page for people. */
  readonly page: string;
  readonly token: HubToken | null;
}

export function hubFailure({ status, host, repo, path, page, token }: HubAnswer): TurnwiseError {
  if (status === 401 || status === 403) {
    const hint =
      token === null ? "set HF_TOKEN to your token" : `see that the token of ${token.origin} is that account's`;
    return turnwiseError("hub_refused", { host, repo, status, page, hint });
  }
  if (status === 404)
    return turnwiseError("hub_not_found", { host, what: path === null ? repo : `${path} in ${repo}` });
  return turnwiseError("hub_unreachable", { host, reason: `it answered with status ${status}` });
}

/** A failed connection; undici hides the system's word in the cause. */
export function unreachable({ host }: URL, thrown: unknown): TurnwiseError {
  return turnwiseError("hub_unreachable", { host, reason: describeCause(thrown) });
}

/** "ECONNREFUSED 127.0.0.1:80", not "fetch failed". */
export function describeCause(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  const { cause } = thrown;
  if (cause instanceof AggregateError) return describeCause(cause.errors[0]);
  return cause instanceof Error && cause.message !== "" ? cause.message : thrown.message;
}
