/** Which pages of the pool each sequence of a case uses. Cases follow each other, so all begin at page 0. */

import { type BenchCase, contextOf } from "./bench-case.ts";

/** Page tables of the sequences; of forks, the pages below their depth are the same. */
export function casePages(benchCase: BenchCase, pageTokens: number): readonly Int32Array[] {
  const { sequences } = benchCase;
  const all = Math.ceil(contextOf(benchCase) / pageTokens);
  const shared = sharedPages(benchCase, pageTokens);
  const own = all - shared;
  return Array.from({ length: sequences }, (_, sequence) =>
    Int32Array.from({ length: all }, (_page, index) => (index < shared ? index : index + sequence * own)),
  );
}

/** Pages that the case needs in all. */
export function casePageCount(benchCase: BenchCase, pageTokens: number): number {
  const all = Math.ceil(contextOf(benchCase) / pageTokens);
  const shared = sharedPages(benchCase, pageTokens);
  return shared + benchCase.sequences * (all - shared);
}

/** A page that is not full cannot be shared: each sequence writes its own rows into it. */
function sharedPages({ shared, depth }: BenchCase, pageTokens: number): number {
  return shared ? Math.floor(depth / pageTokens) : 0;
}
