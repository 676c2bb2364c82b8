/**
 * Byte-pair merges from counted words (Sennrich et al., "Neural Machine Translation of Rare Words with Subword
 * Units", 2016): the most frequent pair of neighbours becomes one symbol, again and again. Ties go to the pair
 * that is first in code-unit order, so that the result does not depend on the order of words.
 */

interface Word {
  symbols: string[];
  readonly count: number;
}

/** At most `limit` merges, best first, as [left, right]; none of pairs that occur less than `least` times. */
export function trainMerges(
  counts: ReadonlyMap<string, number>,
  limit: number,
  least = 2,
): readonly (readonly [string, string])[] {
  const words: Word[] = [...counts].map(([text, count]) => ({ symbols: Array.from(text), count }));
  const pairs = new PairCounts();
  for (const [index, word] of words.entries()) pairs.addWord(word, index, 1);
  const merges: (readonly [string, string])[] = [];
  while (merges.length < limit) {
    const best = pairs.best();
    if (best === null || best.count < least) break;
    const [left = "", right = ""] = best.pair.split(" ");
    merges.push([left, right]);
    for (const index of pairs.take(best.pair)) {
      const word = words[index];
      if (word === undefined) continue;
      pairs.addWord(word, index, -1);
      word.symbols = merged(word.symbols, left, right);
      pairs.addWord(word, index, 1);
    }
  }
  return merges;
}

function merged(symbols: readonly string[], left: string, right: string): string[] {
  const out: string[] = [];
  for (let at = 0; at < symbols.length; at += 1) {
    const isPair = symbols[at] === left && symbols[at + 1] === right;
    out.push(isPair ? left + right : (symbols[at] ?? ""));
    if (isPair) at += 1;
  }
  return out;
}

/** Counts of neighbours, and the words in which each pair may be. */
class PairCounts {
  readonly #counts = new Map<string, number>();
  readonly #words = new Map<string, Set<number>>();

  addWord({ symbols, count }: Word, index: number, sign: 1 | -1): void {
    for (let at = 1; at < symbols.length; at += 1) {
      const pair = `${symbols[at - 1]} ${symbols[at]}`;
      this.#counts.set(pair, (this.#counts.get(pair) ?? 0) + sign * count);
      if (sign < 0) continue;
      const holders = this.#words.get(pair) ?? new Set();
      holders.add(index);
      this.#words.set(pair, holders);
    }
  }

  /** Linear in the number of pairs: some tens of thousands. */
  best(): { readonly pair: string; readonly count: number } | null {
    let best: { pair: string; count: number } | null = null;
    for (const [pair, count] of this.#counts) {
      if (best === null || count > best.count || (count === best.count && pair < best.pair)) best = { pair, count };
    }
    return best;
  }

  /** The words that may hold a pair, which is counted no more. */
  take(pair: string): readonly number[] {
    const holders = [...(this.#words.get(pair) ?? [])];
    this.#words.delete(pair);
    return holders;
  }
}
