/** Which tokens end a model's output: files name one or two ids, chat models use more. */

import { at } from "../../base/invariant.ts";
import { resolveSpecialIds } from "./special-ids.ts";
import { TOKEN_TYPE, type VocabularyData } from "./types.ts";

/** Tokens that end a message or a text in every model that has them as control tokens. */
const END_TOKENS: ReadonlySet<string> = new Set([
  "<|eot_id|>",
  "<|eom_id|>",
  "<|im_end|>",
  "<|end_of_text|>",
  "<|endoftext|>",
  "<end_of_turn>",
  "<end_of_utterance>",
  "<EOT>",
  "[EOT]",
  "<｜end▁of▁sentence｜>",
]);

/** Ends a message in Phi-3; in a vocabulary with HARMONY_RETURN it only separates channels. */
const PHI_END = "<|end|>";
const HARMONY_RETURN = "<|return|>";

/** Ascending. A spelling counts only where its token is control or user-defined, not ordinary text. */
export function findEndTokens(data: VocabularyData): readonly number[] {
  const { eosId, eotId } = resolveSpecialIds(data);
  const more = (data.endIds ?? []).filter((id) => id >= 0 && id < data.tokens.length);
  const ids = new Set([eosId, eotId, ...more].filter((id) => id !== null));
  const { tokenTypes } = data;
  if (tokenTypes === undefined) return ascending(ids);
  let phiEnd: number | null = null;
  let harmony = false;
  for (let id = 0; id < data.tokens.length; id += 1) {
    const type = tokenTypes[id];
    if (type !== TOKEN_TYPE.control && type !== TOKEN_TYPE.userDefined) continue;
    const token = at(data.tokens, id);
    if (END_TOKENS.has(token)) ids.add(id);
    else if (token === PHI_END) phiEnd = id;
    else if (token === HARMONY_RETURN) harmony = true;
  }
  if (phiEnd !== null && !harmony) ids.add(phiEnd);
  return ascending(ids);
}

function ascending(ids: Iterable<number>): readonly number[] {
  return [...ids].toSorted((left, right) => left - right);
}
