/**
 * Who gives its place and its pages to one that waits: a sequence of lower priority, at once; of the same
 * priority one of a tenant that has had much more.
 *
 * Where pages are short, who gives way has to compute again what is evicted of its pages meanwhile. Its tenant must
 * be ahead by that much more. So two tenants that want the same pages hand them on, but after each time at least as
 * much is computed that is new as was computed twice, and nothing is handed back at once.
 */

import type { Sequence } from "./sequence.ts";

/** A tenant has had so much more than another, by weight and in rows of a prompt, before it gives up a place. */
const PLACE_LEAD = 64;
/** Rows that a sequence computes in its place before it can lose it. */
const PLACE_ROWS = 16;
/** A prompt may lose its place so often: its pages may be evicted each time, and it must end all the same. */
const MAX_PLACES_LOST = 8;

/** Whether `running` gives way to `next`, where it would have to compute `lostTokens` of its tokens again. */
export function givesWay(running: Sequence, next: Sequence, lostTokens: number): boolean {
  if (running.priority !== next.priority) return running.priority < next.priority;
  if (running.rowsInPlace < PLACE_ROWS) return false;
  if (!running.decodes && running.placesLost >= MAX_PLACES_LOST) return false;
  return isAhead(running, next, PLACE_LEAD + lostTokens / running.domain.tenant.weight);
}

/** Whether the tenant of `sequence` has had more than that of `other`, of the same priority, by more than `lead`. */
export function isAhead(sequence: Sequence, other: Sequence, lead = PLACE_LEAD): boolean {
  if (sequence.priority !== other.priority) return false;
  return sequence.domain.tenant.served > other.domain.tenant.served + lead;
}
