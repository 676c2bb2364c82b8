/**
 * What is known already of a sequence that is let in: the longest prefix that the prefix tree or a running
 * sequence of its domain has.
 */

import type { PagePool } from "./page-pool.ts";
import type { PrefixIndex, PrefixMatch } from "./prefix-index.ts";
import type { Sequence } from "./sequence.ts";

export interface FoundPrefix {
  /** What the tree has of it. */
  readonly match: PrefixMatch;
  /** Who has more of the page behind that than the tree; null where nobody. */
  readonly source: Sequence | null;
  /** Tokens found in all. */
  readonly tokens: number;
}

export class KnownPrefix {
  readonly #pool: PagePool;
  readonly #index: PrefixIndex;

  constructor(pool: PagePool, index: PrefixIndex) {
    this.#pool = pool;
    this.#index = index;
  }

  /**
   * The prefix of `sequence`; null where a running sequence is computing a longer one, for which it waits. It does not
   * wait for one of lower priority: others may go before that, and it would wait for them too.
   */
  find(sequence: Sequence, running: readonly Sequence[]): FoundPrefix | null {
    if (stillAwaits(sequence)) return null;
    const { tokens, domain, reusable } = sequence;
    const match = this.#index.match(tokens, reusable, domain);
    const sharedPages = match.node?.depth ?? 0;
    let known = match.tokens;
    let source: Sequence | null = null;
    for (const other of running) {
      if (!continues(other, sequence, match)) continue;
      const common = tokens.commonUntil(sharedPages * this.#pool.pageTokens, reusable, other.tokens);
      if (common <= known) continue;
      if (other.computed < common && !other.decodes && other.priority >= sequence.priority) {
        sequence.awaited = { from: other, tokens: common };
        return null;
      }
      if (other.computed <= known) continue;
      known = Math.min(common, other.computed);
      source = other;
    }
    // The tree's page has fewer of the tokens.
    return { match: source === null ? match : { ...match, partial: null }, source, tokens: known };
  }

  /** Gives `sequence`, which has none, the pages of its prefix. It is no use of them yet. */
  hold(sequence: Sequence, { match, source, tokens }: FoundPrefix): void {
    const { pages } = sequence;
    this.#index.adopt(match, pages);
    if (source !== null) this.#pool.share(source.pages.at(match.node?.depth ?? 0), pages);
    sequence.computed = tokens;
    sequence.indexed = match.node;
  }
}

/** Whether that is still to come which it waited for when it was looked at last: then the tree need not be asked. */
function stillAwaits(sequence: Sequence): boolean {
  if (sequence.awaited === null) return false;
  const { from, tokens } = sequence.awaited;
  if (from.state === "running" && from.computed < tokens && !from.decodes) return true;
  sequence.awaited = null;
  return false;
}

/** Whether a running sequence begins with the whole pages that another matches. */
function continues(running: Sequence, { domain }: Sequence, { node }: PrefixMatch): boolean {
  if (running.domain.key !== domain.key) return false;
  return node === null || (running.pages.length >= node.depth && running.pages.at(node.depth - 1) === node.page);
}
