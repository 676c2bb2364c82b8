/** The ids with a role. What a file leaves open is as llama.cpp has it for the kind. */

import type { Tokenizer, VocabularyData, VocabularyKind } from "./types.ts";

export type SpecialIds = Pick<Tokenizer, "bosId" | "eosId" | "eotId" | "unkId" | "padId">;

const NO_IDS: SpecialIds = { bosId: null, eosId: null, eotId: null, unkId: null, padId: null };

const DEFAULT_IDS: Readonly<Record<VocabularyKind, SpecialIds>> = {
  bpe: NO_IDS,
  spm: { ...NO_IDS, bosId: 1, eosId: 2, unkId: 0 },
  unigram: { ...NO_IDS, eosId: 1, unkId: 2, padId: 0 },
};

/** An id outside the vocabulary counts as absent: files have -1 and the sizes of other vocabularies. */
export function resolveSpecialIds(data: VocabularyData): SpecialIds {
  const defaults = DEFAULT_IDS[data.kind];
  const resolve = (id: number | null | undefined, byDefault: number | null): number | null => {
    const chosen = id === undefined ? byDefault : id;
    return chosen !== null && chosen >= 0 && chosen < data.tokens.length ? chosen : null;
  };
  return {
    bosId: resolve(data.bosId, defaults.bosId),
    eosId: resolve(data.eosId, defaults.eosId),
    eotId: resolve(data.eotId, defaults.eotId),
    unkId: resolve(data.unkId, defaults.unkId),
    padId: resolve(data.padId, defaults.padId),
  };
}
