/**
 * Intents made of a verb, a noun and slots: tens of thousands of different tools, most of which no model
 * can know. Choosing one means matching the request's words, filling it means copying.
 */

import type { Draw } from "../draw.ts";
import type { Fields, Intent } from "../intent.ts";
import { AMOUNT, DATE, ID } from "../values/kinds.ts";
import { inventWord, personName } from "../values/names.ts";
import { numberValue, stringValue } from "../values/value.ts";
import { drawNoun, drawVerb, lexiconOf } from "./lexicon.ts";
import type { Verb } from "./verb.ts";
import { type CuedSlot, drawSlots, idSlot } from "./slot-pool.ts";

/** What a procedural intent does to what; another that shares one half is a near miss. */
export interface Action {
  readonly verb: Verb;
  readonly noun: string;
}

export function drawAction(unseen: boolean, draw: Draw): Action {
  const lexicon = lexiconOf(unseen);
  return { verb: drawVerb(lexicon, draw), noun: drawNoun(lexicon, draw) };
}

/** The same noun with another verb, or the same verb with another noun. */
export function nearMiss({ verb, noun }: Action, unseen: boolean, draw: Draw): Action {
  for (;;) {
    const other = drawAction(unseen, draw);
    const near = draw.chance(0.5) ? { verb: other.verb, noun } : { verb, noun: other.noun };
    if (conceptOf(near) !== conceptOf({ verb, noun })) return near;
  }
}

export const conceptOf = ({ verb, noun }: Action): string => `${verb.words[0]} ${noun}`;

export function proceduralIntent(action: Action, draw: Draw): Intent {
  const { verb, noun } = action;
  const word = draw.pick(verb.words);
  const snake = noun.replaceAll(" ", "_");
  const slots = [...(draw.chance(0.4) ? [idSlot(noun, draw)] : []), ...drawSlots(draw.int(0, 3), draw)];
  const all = slots.length === 0 ? drawSlots(1, draw).map((slot) => ({ ...slot, optional: false })) : slots;
  const { results, answer } = outcomeOf(action, draw);
  const said = `(${verb.words.join("|")})`;
  return {
    concept: conceptOf(action),
    names: [draw.pick([`${word}_${snake}`, `${word}_${snake}`, `${snake}_${word}`, `${word}_the_${snake}`])],
    about: draw.pick([
      `${capital(word)} ${article(noun)} ${noun}`,
      `${capital(word)} the ${noun}`,
      `(This tool can|Use this to) ${word} ${article(noun)} ${noun}`,
    ]),
    slots: all,
    clauses: clausesOf(said, noun, all, draw),
    ...followUpOf(all, draw),
    results,
    answer,
  };
}

export const article = (noun: string): string => (/^[aeiou]/.test(noun) ? "an" : "a");

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** Cues in two orders; all but ids stand in brackets, so that a request may lack them. */
function clausesOf(said: string, noun: string, slots: readonly CuedSlot[], draw: Draw): readonly string[] {
  const id = slots.find(({ key }) => key === "id");
  const head = `${said} (the|${article(noun)}) ${noun}`;
  const start = id === undefined ? head : `${said} (the |)${noun}[${id.cue}]`;
  const cues = slots.filter((slot) => slot !== id).map(({ cue }) => `[${cue}]`);
  return [`${start}${cues.join("")}`, `${start}${draw.shuffled(cues).join("")}`];
}

function followUpOf(slots: readonly CuedSlot[], draw: Draw): Pick<Intent, "followUp"> {
  const required = slots.filter(({ optional }) => optional !== true);
  const [slot] = required;
  if (slot === undefined || required.length !== 1 || slot.kind === undefined || slot.cue.trim() === `{${slot.key}}`)
    return {};
  return draw.chance(0.5)
    ? { followUp: { slot: slot.key, phrase: `(And|The same|Now)${slot.cue.replace(/^,/, "")}.` } }
    : {};
}

function outcomeOf({ verb, noun }: Action, draw: Draw): Pick<Intent, "results" | "answer"> {
  switch (verb.outcome) {
    case "created":
      return {
        results: (inner): Fields => ({ id: ID.make(inner, { type: "string" }), status: stringValue(verb.past) }),
        answer: `Done, the ${noun} has the id {id}.`,
      };
    case "status":
      return {
        results: (inner): Fields => ({ status: stringValue(inner.chance(0.6) ? verb.past : inner.pick(STATES)) }),
        answer: `The ${noun} is {status}.`,
      };
    case "count":
      return {
        results: (inner): Fields => ({ count: numberValue(inner.int(0, 500)) }),
        answer: `I count {count} of the ${noun}.`,
      };
    case "value":
      return valueOutcome(noun, draw);
    default:
      return verb.outcome satisfies never;
  }
}

const STATES = "queued accepted finished scheduled completed".split(" ");

/** One or two fields, some with names that no language has. */
function valueOutcome(noun: string, draw: Draw): Pick<Intent, "results" | "answer"> {
  const first = draw.chance(0.4) ? inventWord(draw) : draw.pick(["value", "level", "owner", "score", "date", "amount"]);
  const second = draw.chance(0.5) ? draw.pick(["state", "unit_name", "group"]) : null;
  return {
    results: (inner): Fields => ({
      [first]:
        first === "owner"
          ? stringValue(personName(inner))
          : first === "date"
            ? DATE.make(inner, {})
            : AMOUNT.make(inner, {}),
      ...(second === null ? {} : { [second]: stringValue(inventWord(inner)) }),
    }),
    answer:
      second === null
        ? `The ${first} of the ${noun} is {${first}}.`
        : `The ${noun}: ${first} {${first}}, ${second.replace("_", " ")} {${second}}.`,
  };
}
