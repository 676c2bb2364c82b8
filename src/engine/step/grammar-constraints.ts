/**
 * Constraints from grammars. What is costly is made when first needed and kept: the vocabulary's tries,
 * and the masks of grammars that came before.
 */

import { DraftTrust, ForcedDrafts } from "../../text/grammar/forced-drafts.ts";
import type { TokenIndex } from "../../text/grammar/token-index.ts";
import { Matcher } from "../../text/grammar/matcher.ts";
import { LexerMasks } from "../../text/grammar/masks/lexer-masks.ts";
import { Pushdown } from "../../text/grammar/pushdown.ts";
import type { VocabularyBytes } from "../../text/tokenizer/types.ts";
import type { Constraint } from "./active-order.ts";
import { GrammarConstraint } from "./grammar-constraint.ts";
import type { MaskMaker } from "./mask-maker.ts";
import type { OrderGrammar } from "./order.ts";
import { wakingConstraint } from "./waking-constraint.ts";

/** Grammars ready to run; agents come back with the same few. */
const MAX_PUSHDOWNS = 32;

/** `maker` null: masks are made when they are asked for. */
export function grammarConstraints(
  vocabulary: VocabularyBytes,
  maker: MaskMaker | null = null,
): (grammar: OrderGrammar) => Constraint {
  const masks = new LexerMasks(vocabulary);
  const tokenIndex = (): TokenIndex | null => (maker === null ? masks.index() : maker.tokenIndex());
  const trust = new DraftTrust();
  const pushdowns = new Map<string, { readonly pushdown: Pushdown; readonly drafts: ForcedDrafts }>();
  return ({ grammar, key, wake }) => {
    if (pushdowns.get(key)?.pushdown.isCrowded === true) {
      pushdowns.delete(key);
      maker?.forget(key);
    }
    const ready = pushdowns.get(key) ?? {
      pushdown: new Pushdown(grammar, masks),
      drafts: new ForcedDrafts(tokenIndex, trust),
    };
    const { pushdown, drafts } = ready;
    // The one used last comes last, so that the first is the one to go.
    pushdowns.delete(key);
    pushdowns.set(key, ready);
    const oldest = pushdowns.keys().next().value;
    if (pushdowns.size > MAX_PUSHDOWNS && oldest !== undefined) {
      pushdowns.delete(oldest);
      maker?.forget(oldest);
    }
    const start = (): GrammarConstraint =>
      new GrammarConstraint(new Matcher(pushdown), drafts, maker?.open(key, grammar) ?? null);
    return wake === null ? start() : wakingConstraint(start, wake, vocabulary);
  };
}
