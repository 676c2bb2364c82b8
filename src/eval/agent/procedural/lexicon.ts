/**
 * Words that procedural tools are made of. Those held out never occur in training: tools made of them are
 * the evaluation's unseen ones.
 */

import type { Draw, Split } from "../draw.ts";
import { inventWord } from "../values/names.ts";
import { HELD_OUT_NOUNS, HELD_OUT_VERBS } from "./held-out-words.ts";
import { type Verb, verb } from "./verb.ts";

const TRAINING_VERBS: readonly Verb[] = [
  verb("create make", "created", "created"),
  verb("get fetch", "value", "fetched"),
  verb("delete remove", "status", "deleted"),
  verb("update change", "status", "updated"),
  verb("send", "status", "sent"),
  verb("count", "count", "counted"),
  verb("measure", "value", "measured"),
  verb("approve", "status", "approved"),
  verb("reject", "status", "rejected"),
  verb("assign", "status", "assigned"),
  verb("rename", "status", "renamed"),
  verb("print", "status", "printed"),
  verb("archive", "status", "archived"),
  verb("export", "created", "exported"),
  verb("import", "created", "imported"),
  verb("start launch", "status", "started"),
  verb("stop halt", "status", "stopped"),
  verb("check inspect", "value", "checked"),
  verb("register", "created", "registered"),
  verb("estimate", "value", "estimated"),
  verb("share", "status", "shared"),
  verb("copy duplicate", "created", "copied"),
  verb("lock", "status", "locked"),
  verb("book reserve", "created", "booked"),
  verb("repair fix", "status", "repaired"),
  verb("rate", "status", "rated"),
  verb("list", "count", "listed"),
  verb("scan", "value", "scanned"),
];

const TRAINING_NOUNS =
  `invoice account project server user team branch ticket report student course flight hotel room table recipe meal
  song playlist album photo video channel article page comment review survey question vote patient sample test device
  sensor battery engine vehicle truck bus train route trip tour map building bridge road tower lease loan mortgage
  payment salary budget expense tax policy claim member club player match game score league coach plant tree garden
  field crop farm animal dog cat horse bird fish pond lake river forest storm signal message chat thread post story
  book chapter library shelf museum painting statue concert theater seat stage actor film camera lens filter printer
  scanner screen keyboard password token license certificate key lock badge visitor employee manager office desk
  chair meeting shift roster holiday visa passport border cargo container ship port dock crane pallet warehouse shelf
  supplier vendor customer contract offer discount coupon voucher gift bonus reward pump valve pipe tank boiler
  turbine generator panel cable socket switch relay robot drone sector zone grid cluster node volume snapshot backup
  bucket queue topic pipeline job worker lab experiment formula molecule reactor probe star planet orbit satellite
  antenna beacon siren drill hammer welder kiln oven loom thread fabric jacket shoe ring watch`
    .split(/\s+/)
    .filter((word, index, all) => all.indexOf(word) === index);

const TRAINING_SHAPES = "new old main daily weekly backup public private local remote master draft".split(" ");

export interface Lexicon {
  readonly verbs: readonly Verb[];
  readonly nouns: readonly string[];
}

const TRAINING: Lexicon = { verbs: TRAINING_VERBS, nouns: TRAINING_NOUNS };
const HELD_OUT: Lexicon = { verbs: HELD_OUT_VERBS, nouns: HELD_OUT_NOUNS };

export const lexiconOf = (unseen: boolean): Lexicon => (unseen ? HELD_OUT : TRAINING);

/**
 * How many words are invented. Training has more than the evaluation: a model then takes a tool's words from the list of
 * tools and not from memory.
 */
const INVENTED_SHARE: Readonly<Record<Split, { readonly noun: number; readonly verb: number }>> = {
  training: { noun: 0.55, verb: 0.45 },
  "held-out": { noun: 0.35, verb: 0.2 },
};

/** A thing that a tool works on: a word of the list, an invented one, sometimes two words. */
export function drawNoun(lexicon: Lexicon, draw: Draw): string {
  const { noun } = INVENTED_SHARE[draw.split];
  const word = (): string => (draw.chance(noun) ? inventWord(draw) : draw.pick(lexicon.nouns));
  if (draw.chance(0.2)) return `${word()} ${word()}`;
  return draw.chance(0.08) ? `${draw.pick(TRAINING_SHAPES)} ${word()}` : word();
}

/** A known verb, or an invented one with an outcome of its own. */
export function drawVerb(lexicon: Lexicon, draw: Draw): Verb {
  if (!draw.chance(INVENTED_SHARE[draw.split].verb)) return draw.pick(lexicon.verbs);
  const word = inventWord(draw, draw.int(1, 2));
  return { words: [word], outcome: draw.pick(["created", "status", "value", "count"]), past: "done" };
}
