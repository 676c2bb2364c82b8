/** What `GET /v1/sessions/{id}/explain` answers, as its readers see it. */

import type { Miss } from "../turns/miss.ts";

export interface SessionExplanation {
  readonly object: "session.explanation";
  readonly session: string;
  readonly state: string;
  readonly model: string;
  /** Oldest first. */
  readonly turns: readonly TurnExplanation[];
}

export interface TurnExplanation {
  readonly id: string;
  readonly prompt_tokens: number;
  readonly cached_tokens: number;
  readonly prefilled_tokens: number;
  readonly output_tokens: number;
  readonly ms: { readonly queue: number; readonly prefill: number; readonly decode: number };
  readonly miss: ExplainedMiss | null;
}

export interface ExplainedMiss extends Miss {
  /** In words, and what to change. */
  readonly what: string;
  readonly remedy: string;
  /** Text around the place, as it was and as it is; null where no text changed. */
  readonly had: string | null;
  readonly has: string | null;
}
