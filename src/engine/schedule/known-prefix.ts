/**
 * What is known already of a sequence that is let in: the longest prefix that the prefix tree or a running
 * sequence of its domain has.
 */

import type { PagePool } from "./page-pool.ts";
import type { PrefixIndex, PrefixMatch } from "./prefix-index.ts";
import type { Sequence } from "./sequence.ts";

export class KnownPrefix {
  readonly #pool: PagePool;
  readonly #index: PrefixIndex;

  constructor(pool: PagePool, index: PrefixIndex) {
    this.#pool = pool;
    this.#index = index;
  }

  /** Gives `sequence` the pages of its prefix; false, and nothing, where a running sequence is computing a longer one. */
  take(sequence: Sequence, running: readonly Sequence[]): boolean {
    const { tokens, domain, reusable, pages } = sequence;
    const match = this.#index.match(tokens, reusable, domain);
    const sharedPages = match.node?.depth ?? 0;
    let known = match.tokens;
    let source: Sequence | null = null;
    for (const other of running) {
      if (!continues(other, sequence, match)) continue;
      const common = tokens.commonUntil(sharedPages * this.#pool.pageTokens, reusable, other.tokens);
      if (common <= known) continue;
      if (other.computed < common && !other.decodes) return false;
      if (other.computed <= known) continue;
      known = Math.min(common, other.computed);
      source = other;
    }
    this.#index.adopt(source === null ? match : { ...match, partial: null }, pages);
    if (source !== null) this.#pool.share(source.pages.at(sharedPages), pages);
    sequence.computed = known;
    sequence.indexed = match.node;
    return true;
  }
}

/** Whether a running sequence begins with the whole pages that another matches. */
function continues(running: Sequence, { domain }: Sequence, { node }: PrefixMatch): boolean {
  if (running.domain.key !== domain.key) return false;
  return node === null || (running.pages.length >= node.depth && running.pages.at(node.depth - 1) === node.page);
}
