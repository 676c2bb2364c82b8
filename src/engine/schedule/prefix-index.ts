/**
 * The prefix tree: which pages hold the tokens that a text begins with. A node is a page under the page
 * before it; a path is a text. Running sequences put each page there when it is full, and finished ones
 * their last, partial page too, so that whoever comes with the same beginning in the same domain shares
 * exactly what is common, to the token.
 *
 * What the operator published is the beginning that all domains may read. A domain's pages behind it hang below it,
 * seen by their domain alone; they are never evicted with it, for it is pinned.
 *
 * The tree holds one reference to each of its pages. Pages that nobody else holds are evicted by least
 * recent use, from the leaves. After SGLang's RadixAttention (Zheng et al. 2023) and vLLM's automatic
 * prefix caching, which shares whole pages only.
 */

import { countOf, emptyDistribution, record } from "../../base/distribution.ts";
import { at, invariant } from "../../base/invariant.ts";
import type { TokenBuffer } from "../step/token-buffer.ts";
import type { CacheDomain } from "./cache-domain.ts";
import type { PageEvictor, PageHold, PagePool } from "./page-pool.ts";
import type { PageTable } from "./page-table.ts";
import type { TenantShare } from "./tenant-share.ts";

export interface PrefixNode extends PageHold {
  readonly parent: PrefixNode | null;
  /** Hash of all tokens up to its end, of the model and of the domain. */
  readonly hash: number;
  /** Pages up to its end. */
  readonly depth: number;
  /** That its page holds; fewer than a page in a tail, which has no children. */
  readonly tokens: Int32Array;
  readonly children: Map<number, PrefixNode>;
  /** Until then it is evicted only where nothing else can be. */
  protectedUntilMs: number;
  /** Last. */
  usedAtMs: number;
}

export interface PrefixMatch {
  /** The last node whose page is shared whole; null where none is. */
  readonly node: PrefixNode | null;
  /** A node whose page begins with the tokens behind that, and how many of them. */
  readonly partial: PrefixNode | null;
  /** Tokens found in all. */
  readonly tokens: number;
}

export interface PrefixIndexOptions {
  /** Of the model and all that its K and V depend on. */
  readonly fingerprint: string;
  /** Milliseconds that never go back. */
  readonly clock: () => number;
}

/** From seconds, where the cache is far too small, to hours, where it is not. */
export const EVICTION_IDLE_SECONDS = [1, 5, 15, 30, 60, 120, 300, 600, 1800, 3600, 14_400] as const;

const NO_PAGE = -1;
const NO_TOKENS = new Int32Array(0);

export class PrefixIndex implements PageEvictor {
  readonly #pool: PagePool;
  readonly #options: PrefixIndexOptions;
  /** By domain, of those that have pages in the tree; a root itself has none. */
  readonly #roots = new Map<string, PrefixNode>();
  /** Of what is published; null while nothing is. */
  #published: PrefixNode | null = null;
  /** All nodes with pages, least recently used first. A node is used whenever one below it is, and goes after it. */
  readonly #recency = new Set<PrefixNode>();
  /** Of evicted pages: how long they had not been used, in seconds. */
  readonly evictionIdle = emptyDistribution(EVICTION_IDLE_SECONDS);

  constructor(pool: PagePool, options: PrefixIndexOptions) {
    this.#pool = pool;
    this.#options = options;
    pool.evictor = this;
  }

  get evictions(): number {
    return countOf(this.evictionIdle);
  }

  /** What is known of the first `limit` tokens of `tokens`. The pages stay only if the caller holds them. */
  match(tokens: TokenBuffer, limit: number, domain: CacheDomain): PrefixMatch {
    const own = this.#matchFrom(this.#rootOf(domain), tokens, limit, domain);
    if (this.#published === null || domain.isPublic) return own;
    const published = this.#matchFrom(this.#published, tokens, limit, domain);
    return published.tokens > own.tokens ? published : own;
  }

  /** Whole pages of what is published that `tokens` begins with. */
  publishedPages(tokens: TokenBuffer): number {
    if (this.#published === null) return 0;
    return this.#matchFrom(this.#published, tokens, tokens.length, this.#published.domain).node?.depth ?? 0;
  }

  #matchFrom(root: PrefixNode, tokens: TokenBuffer, limit: number, domain: CacheDomain): PrefixMatch {
    const { pageTokens } = this.#pool;
    let node = root;
    while ((node.depth + 1) * pageTokens <= limit) {
      const begin = node.depth * pageTokens;
      const child = this.#childWith(node, tokens.slice(begin, begin + pageTokens), domain);
      if (child === null) break;
      node = child;
    }
    const begin = node.depth * pageTokens;
    let partial: PrefixNode | null = null;
    let common = 0;
    for (const child of node.children.values()) {
      if (!mayRead(domain, child)) continue;
      const length = Math.min(tokens.commonLength(begin, child.tokens), limit - begin);
      if (length > common) [partial, common] = [child, length];
    }
    return { node: node.page === NO_PAGE ? null : node, partial, tokens: begin + common };
  }

  /** Gives the empty `table` the pages of a match. Whoever then computes with them calls `use`. */
  adopt({ node, partial }: PrefixMatch, table: PageTable): void {
    const path: number[] = [];
    for (let each = partial ?? node; each !== null && each.page !== NO_PAGE; each = each.parent) path.push(each.page);
    for (const page of path.toReversed()) this.#pool.share(page, table);
  }

  /** The pages of a match are used: they are evicted after those that were used before. */
  use({ node, partial }: PrefixMatch): void {
    const last = partial ?? node;
    if (last !== null) this.#touchPath(last);
  }

  /**
   * Enters the pages of `table` that are full of computed tokens and follow `from`, the table's last page
   * that is entered. Where the tree knows a page already, the table takes the tree's for its own. Gives
   * the new last one.
   */
  insert(
    table: PageTable,
    tokens: TokenBuffer,
    computed: number,
    domain: CacheDomain,
    from: PrefixNode | null,
  ): PrefixNode | null {
    const { pageTokens } = this.#pool;
    let node = from ?? this.#rootOf(domain);
    if ((node.depth + 1) * pageTokens > computed) return from;
    while ((node.depth + 1) * pageTokens <= computed) {
      const index = node.depth;
      const content = tokens.slice(index * pageTokens, (index + 1) * pageTokens);
      const known = this.#childWith(node, content, domain);
      if (known === null) node = this.#add(node, domain, content, table.at(index));
      else {
        if (known.page !== table.at(index)) this.#pool.replace(table, index, known.page);
        node = known;
      }
    }
    this.#touchPath(node);
    return node;
  }

  /** Enters the table's last page too, where it is partial and the tree does not know its tokens. */
  insertTail(
    table: PageTable,
    tokens: TokenBuffer,
    computed: number,
    domain: CacheDomain,
    from: PrefixNode | null,
  ): PrefixNode | null {
    const node = from ?? this.#rootOf(domain);
    const begin = node.depth * this.#pool.pageTokens;
    if (computed === begin) return from;
    const content = tokens.slice(begin, computed);
    for (const child of node.children.values()) {
      if (!mayRead(domain, child) || commonLength(child.tokens, content) < content.length) continue;
      this.#touchPath(child);
      return child;
    }
    const tail = this.#add(node, domain, content, table.at(node.depth));
    this.#touchPath(tail);
    return tail;
  }

  /**
   * A conversation ends with `node` for now: its path is kept until `untilMs`, where anything else can be evicted.
   * What was kept for an earlier end of it is kept no longer, but for others that go on from there.
   */
  protect(node: PrefixNode, untilMs: number): void {
    let ownMs = untilMs;
    // What is published is never evicted, and has children of every domain.
    for (let each: PrefixNode | null = node; each !== null && !each.domain.isPublic; each = each.parent) {
      if (each.page === NO_PAGE) return;
      let keptMs = ownMs;
      for (const child of each.children.values()) keptMs = Math.max(keptMs, child.protectedUntilMs);
      each.protectedUntilMs = keptMs;
      ownMs = 0;
    }
  }

  evict(pages: number): void {
    const nowMs = this.#options.clock();
    const left = this.#evictWhere(pages, ({ protectedUntilMs }) => protectedUntilMs <= nowMs);
    const missing = this.#evictWhere(left, () => true);
    invariant(missing === 0, "as many pages can be evicted as are counted");
  }

  evictOf(tenant: TenantShare, pages: number): void {
    this.#evictWhere(pages, ({ domain }) => domain.tenant === tenant);
  }

  /**
   * Forgets `page`, which follows `from`, where nothing in the tree follows it: whoever holds it may write to
   * it then. False where the tree does not hold it so.
   */
  surrender(page: number, domain: CacheDomain, from: PrefixNode | null): boolean {
    for (const child of (from ?? this.#rootOf(domain)).children.values()) {
      if (child.page !== page || child.children.size > 0) continue;
      this.#remove(child);
      return true;
    }
    return false;
  }

  /** One for each page in the tree. */
  holds(): Iterable<PageHold> {
    return this.#recency;
  }

  /** One more for each page that is pinned. */
  *pins(): Iterable<PageHold> {
    for (const node of this.#recency) if (node.domain.isPublic) yield node;
  }

  /** Throws unless the tree is one: paths, order of use and leaves. */
  checkInvariants(): void {
    let position = 0;
    const order = new Map<PrefixNode, number>();
    for (const node of this.#recency) order.set(node, (position += 1));
    for (const [node, place] of order) {
      const { parent, children, tokens } = node;
      invariant(parent !== null && parent.children.get(node.hash) === node, "a node is where its parent has it");
      invariant(tokens.length === this.#pool.pageTokens || children.size === 0, "a tail is a leaf");
      invariant(mayRead(node.domain, parent), "a page follows its domain's own, or published ones");
      if (parent.page !== NO_PAGE) invariant((order.get(parent) ?? 0) > place, "a page goes before those it follows");
    }
    for (const { children } of this.#roots.values()) invariant(children.size > 0, "a root has pages");
  }

  /** Evicts up to `pages` pages of nodes that `may` be; gives how many more are wanted. */
  #evictWhere(pages: number, may: (node: PrefixNode) => boolean): number {
    let left = pages;
    const nowMs = this.#options.clock();
    for (const node of this.#recency) {
      if (left === 0) break;
      // A node that is in use or kept keeps those before it, and they come later in this order.
      if (node.children.size > 0 || this.#pool.references(node.page) > 1 || !may(node)) continue;
      this.#remove(node);
      record(this.evictionIdle, (nowMs - node.usedAtMs) / 1000);
      left -= 1;
    }
    return left;
  }

  /** Of a domain without pages a new one, which is entered with its first page and goes with its last. */
  #rootOf(domain: CacheDomain): PrefixNode {
    const known = this.#roots.get(domain.key);
    if (known !== undefined) return known;
    return makeNode(null, hashText(`${this.#options.fingerprint}\n${domain.key}`), domain, NO_TOKENS, NO_PAGE);
  }

  #childWith(node: PrefixNode, tokens: Int32Array, domain: CacheDomain): PrefixNode | null {
    const published = node.domain.isPublic ? childOf(node, tokens, node.domain) : null;
    return published ?? childOf(node, tokens, domain);
  }

  /** A new node of a page that its caller holds. Tails that it continues are of no more use. */
  #add(parent: PrefixNode, domain: CacheDomain, tokens: Int32Array, page: number): PrefixNode {
    for (const child of parent.children.values()) {
      const { length } = child.tokens;
      if (child.domain.key !== domain.key || length >= tokens.length) continue;
      if (commonLength(child.tokens, tokens) === length) this.#remove(child);
    }
    if (parent.page === NO_PAGE) {
      this.#roots.set(domain.key, parent);
      if (domain.isPublic) this.#published = parent;
    }
    let hash = childHash(parent, tokens, domain);
    while (parent.children.has(hash)) hash += 1;
    const node = makeNode(parent, hash, domain, tokens, page);
    parent.children.set(hash, node);
    this.#pool.cache(page);
    if (domain.isPublic) this.#pool.retain(page);
    return node;
  }

  #remove(node: PrefixNode): void {
    const { parent } = node;
    invariant(parent !== null && node.children.size === 0, "a leaf is removed");
    parent.children.delete(node.hash);
    this.#recency.delete(node);
    this.#pool.uncache(node.page);
    if (node.domain.isPublic) this.#pool.release(node.page);
    if (parent.page === NO_PAGE && parent.children.size === 0 && !parent.domain.isPublic) {
      this.#roots.delete(parent.domain.key);
    }
  }

  #touchPath(node: PrefixNode): void {
    const nowMs = this.#options.clock();
    for (let each: PrefixNode | null = node; each !== null && each.page !== NO_PAGE; each = each.parent) {
      this.#touch(each, nowMs);
    }
  }

  #touch(node: PrefixNode, nowMs: number): void {
    node.usedAtMs = nowMs;
    this.#recency.delete(node);
    this.#recency.add(node);
  }
}

/** Whether sequences of `domain` may take the node's page for theirs. */
function mayRead(domain: CacheDomain, node: PrefixNode): boolean {
  return node.domain.isPublic || node.domain.key === domain.key;
}

/** The node's child of these tokens and of this domain itself. */
function childOf(node: PrefixNode, tokens: Int32Array, domain: CacheDomain): PrefixNode | null {
  for (let hash = childHash(node, tokens, domain); ; hash += 1) {
    const child = node.children.get(hash);
    if (child === undefined) return null;
    const isSame = child.tokens.length === tokens.length && commonLength(child.tokens, tokens) === tokens.length;
    if (isSame && child.domain.key === domain.key) return child;
  }
}

/** Domains below a published page have hashes of their own, so that what one has there moves nothing of another's. */
function childHash(node: PrefixNode, tokens: Int32Array, domain: CacheDomain): number {
  const isOwn = node.domain.key === domain.key;
  return hashTokens(isOwn ? node.hash : mix(node.hash, hashText(domain.key)), tokens);
}

function makeNode(
  parent: PrefixNode | null,
  hash: number,
  domain: CacheDomain,
  tokens: Int32Array,
  page: number,
): PrefixNode {
  const depth = parent === null ? 0 : parent.depth + 1;
  return { parent, hash, depth, domain, tokens, page, children: new Map(), protectedUntilMs: 0, usedAtMs: 0 };
}

function commonLength(left: Int32Array, right: Int32Array): number {
  const end = Math.min(left.length, right.length);
  let index = 0;
  while (index < end && left[index] === right[index]) index += 1;
  return index;
}

/** MurmurHash3's finaliser over a running state. */
function mix(state: number, value: number): number {
  let hash = Math.imul(state ^ value, 0x85ebca6b);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

function hashTokens(seed: number, tokens: Int32Array): number {
  let hash = seed;
  for (let index = 0; index < tokens.length; index++) hash = mix(hash, at(tokens, index));
  return hash;
}

function hashText(text: string): number {
  let hash = text.length;
  for (let index = 0; index < text.length; index++) hash = mix(hash, text.charCodeAt(index));
  return hash;
}
