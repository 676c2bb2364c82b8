/** The ids with a role. What a file leaves open is as llama.cpp has it for the kind. */

import type { Tokenizer, VocabularyData } from "./types.ts";

export type SpecialIds = Pick<Tokenizer, "bosId" | "eosId" | "eotId" | "unkId" | "padId">;

/** An id outside the vocabulary counts as absent: files have -1 and the sizes of other vocabularies. */
export function resolveSpecialIds(data: VocabularyData): SpecialIds {
  const isSpm = data.kind === "spm";
  const resolve = (id: number | null | undefined, byDefault: number | null): number | null => {
    const chosen = id === undefined ? byDefault : id;
    return chosen !== null && chosen >= 0 && chosen < data.tokens.length ? chosen : null;
  };
  return {
    bosId: resolve(data.bosId, isSpm ? 1 : null),
    eosId: resolve(data.eosId, isSpm ? 2 : null),
    eotId: resolve(data.eotId, null),
    unkId: resolve(data.unkId, isSpm ? 0 : null),
    padId: resolve(data.padId, null),
  };
}
