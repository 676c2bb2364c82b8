/**
 * The prompts that want rows of one step, in line: of running sequences and of waiting ones. What the tenants have
 * had changes with every chunk, but within a tenant the order is fixed. So only the first of each is compared, and a
 * choice costs as much as there are tenants, however many of their requests wait.
 */

import type { FairShares } from "./fair-shares.ts";
import type { Sequence } from "./sequence.ts";
import type { TenantShare } from "./tenant-share.ts";

/** One tenant's. */
interface TenantLine {
  /** In their order of service. */
  readonly sequences: Sequence[];
  /** Index of its first that was not looked at yet. */
  next: number;
  /** None of it that waits is let in any more. */
  closed: boolean;
}

export class PromptLine {
  readonly #shares: FairShares;
  readonly #lines = new Map<TenantShare, TenantLine>();
  /** They have lost their pages in this step. */
  readonly #gone = new Set<Sequence>();
  #closed = false;

  constructor(shares: FairShares) {
    this.#shares = shares;
  }

  /** Begins a step. Both are in the order of service. */
  open(running: readonly Sequence[], waiting: readonly Sequence[]): void {
    this.#lines.clear();
    this.#gone.clear();
    this.#closed = false;
    let first = 0;
    for (const sequence of waiting) {
      for (; first < running.length && running[first]?.precedes(sequence) === true; first++) this.#add(running[first]);
      this.#add(sequence);
    }
    for (; first < running.length; first++) this.#add(running[first]);
  }

  /** The next in line, which leaves it; null where nobody is left who may have rows. */
  next(): Sequence | null {
    let first: Sequence | null = null;
    let from: TenantLine | null = null;
    for (const line of this.#lines.values()) {
      const head = this.#headOf(line);
      if (head === null || (first !== null && !this.#shares.precedes(head, first))) continue;
      [first, from] = [head, line];
    }
    if (from !== null) from.next += 1;
    return first;
  }

  /** Of each tenant the first that waits, for more than its prefix as far as is known; in line. */
  firstWaiting(): readonly Sequence[] {
    const firsts: Sequence[] = [];
    for (const { sequences } of this.#lines.values()) {
      const first = sequences.find(({ state, awaited }) => state === "waiting" && awaited === null);
      if (first !== undefined) firsts.push(first);
    }
    return firsts.toSorted((left, right) => (this.#shares.precedes(left, right) ? -1 : 1));
  }

  /** Nobody who waits is let in any more in this step: of `tenant`, or at all. */
  close(tenant?: TenantShare): void {
    if (tenant === undefined) this.#closed = true;
    const line = tenant && this.#lines.get(tenant);
    if (line !== undefined) line.closed = true;
  }

  /** `sequence` has lost its pages: it has no rows of this step. */
  drop(sequence: Sequence): void {
    this.#gone.add(sequence);
  }

  #add(sequence: Sequence | undefined): void {
    if (sequence === undefined || (sequence.state === "running" && sequence.decodes)) return;
    const { tenant } = sequence.domain;
    let line = this.#lines.get(tenant);
    if (line === undefined) {
      line = { sequences: [], next: 0, closed: false };
      this.#lines.set(tenant, line);
    }
    line.sequences.push(sequence);
  }

  #headOf(line: TenantLine): Sequence | null {
    const { sequences } = line;
    for (; line.next < sequences.length; line.next++) {
      const head = sequences[line.next];
      if (head === undefined || this.#gone.has(head)) continue;
      if (head.state === "running" || !(this.#closed || line.closed)) return head;
    }
    return null;
  }
}
