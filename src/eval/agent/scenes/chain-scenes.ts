/** Two calls one after the other: what the first gives back is an argument of the second. */

import { assistantCalls, assistantSays, toolSays, userSays, type Step } from "../conversation.ts";
import type { Draw } from "../draw.ts";
import { drawCall, type BoundTool, type Call, type Fields, type Intent } from "../intent.ts";
import { writePhrase } from "../phrase.ts";
import { article, drawAction, type Action } from "../procedural/procedural-intent.ts";
import { idSlot } from "../procedural/slot-pool.ts";
import { PERSON } from "../values/kinds.ts";
import { idText } from "../values/names.ts";
import { stringValue, type Value } from "../values/value.ts";
import { expected } from "./call-scenes.ts";
import { speak, writeAnswer, writeFields, writeResult } from "./speech.ts";

export interface Chain {
  /** Concepts of the two tools. */
  readonly first: string;
  readonly second: string;
  /** Clauses over the slots of both that the user gives. */
  readonly clauses: readonly string[];
  /** Slots of the second that the user gives. */
  readonly given: readonly string[];
  /** The second's other slots from what the first gave back and was given. */
  readonly link: (result: Fields, first: Call["texts"], draw: Draw) => Readonly<Record<string, Value>>;
}

const field = (result: Fields, name: string): Value => result[name] ?? stringValue("");

export const CHAINS: readonly Chain[] = [
  {
    first: "search_files",
    second: "read_file",
    clauses: [
      "find (the file |){query} and (read|open) it",
      "look for {query}, then (read|show me) it",
      "(search for|locate) {query} and tell me what it says",
    ],
    given: [],
    link: (result) => ({ path: field(result, "path") }),
  },
  {
    first: "search_files",
    second: "delete_file",
    clauses: [
      "find (the file |){query} and (delete|remove) it",
      "(search for|locate) {query}, then (delete|remove) it",
    ],
    given: [],
    link: (result) => ({ path: field(result, "path") }),
  },
  {
    first: "price",
    second: "convert_currency",
    clauses: [
      "(look up|get) the price of the {product} and convert it to {to}",
      "tell me what the {product} costs in {to}",
    ],
    given: ["to"],
    link: (result) => ({ value: field(result, "price"), from: field(result, "currency") }),
  },
  {
    first: "price",
    second: "multiply",
    clauses: ["(look up|get) the price of the {product} and multiply it by {b}"],
    given: ["b"],
    link: (result) => ({ a: field(result, "price") }),
  },
  {
    first: "calculate",
    second: "convert_unit",
    clauses: ["(calculate|compute) {expression} and convert the result from {from} to {to}"],
    given: ["from", "to"],
    link: (result) => ({ value: field(result, "result") }),
  },
  {
    first: "find_customer",
    second: "add_note",
    clauses: ["(find|look up) the customer with e-mail {email} and save (the name|their name) as a note"],
    given: [],
    link: (result) => ({ text: field(result, "name") }),
  },
];

/** A tool that finds something's id and one that needs it. */
export function proceduralChain(
  unseen: boolean,
  draw: Draw,
): { readonly intents: readonly [Intent, Intent]; readonly chain: Chain } {
  const action: Action = drawAction(unseen, draw);
  const { noun, verb } = action;
  const snake = noun.replaceAll(" ", "_");
  const idName = `${snake}_id`;
  const find = draw.pick(["find", "look_up", "search"]);
  const word = draw.pick(verb.words);
  const finder: Intent = {
    concept: `find ${noun}`,
    names: [`${find}_${snake}`],
    about: `(Find|Look up) the id of ${article(noun)} ${noun}`,
    slots: [
      {
        key: "person",
        names: ["owner", "person", "name"],
        about: "(Whose it is|Name of the person)",
        kind: PERSON,
        ask: "Whose?",
      },
    ],
    clauses: [`(find|look up) the ${noun}[ (of|for) {person}]`],
    results: (inner) => ({ [idName]: stringValue(idText(inner)) }),
    answer: `The ${noun} of {person} is {${idName}}.`,
  };
  const actor: Intent = {
    concept: `${verb.words[0]} ${noun}`,
    names: [`${word}_${snake}`],
    about: `(${word.charAt(0).toUpperCase()}${word.slice(1)}) ${article(noun)} ${noun} by its id`,
    slots: [
      {
        ...idSlot(noun, draw),
        kind: { schema: () => ({ type: "string" }), make: (inner) => stringValue(idText(inner)) },
      },
    ],
    clauses: [`(${verb.words.join("|")}) (the |)${noun}[ {id}]`],
    results: () => ({ status: stringValue(verb.past) }),
    answer: `The ${noun} {id} is {status}.`,
  };
  const chain: Chain = {
    first: finder.concept,
    second: actor.concept,
    clauses: [`(find|look up) the ${noun} (of|for) {person} and ${word} it`, `${word} the ${noun} (of|for) {person}`],
    given: [],
    link: (result) => ({ id: field(result, idName) }),
  };
  return { intents: [finder, actor], chain };
}

export function chainScene(chain: Chain, tools: readonly BoundTool[], draw: Draw): readonly Step[] | null {
  const find = (concept: string): BoundTool | undefined => tools.find(({ intent }) => intent.concept === concept);
  const [firstTool, secondTool] = [find(chain.first), find(chain.second)];
  if (firstTool === undefined || secondTool === undefined) return null;
  const first = drawCall(withoutOptions(firstTool), draw);
  const fields = firstTool.intent.results(draw, first.args);
  const linked = chain.link(fields, first.texts, draw);
  const second = drawCall(withoutOptions(secondTool), draw, linked);
  // Unit names of different kinds, or a type that the result has not.
  if (secondTool.slots.some(({ key, schema }) => schema["type"] === "integer" && typeof linked[key]?.json === "string"))
    return null;
  const given = Object.fromEntries(chain.given.map((key) => [key, second.texts[key]]));
  const request = speak(writePhrase(draw.pick(chain.clauses), { ...first.texts, ...given }, draw), draw);
  const last = secondTool.intent.results(draw, second.args);
  const answer = writeAnswer(second, last);
  return [
    userSays(request),
    assistantCalls([expected({ ...first, bound: firstTool })]),
    // Bare values would not say which field is meant.
    toolSays(writeFields(fields, draw)),
    assistantCalls([expected({ ...second, bound: secondTool })]),
    toolSays(writeResult(last, draw)),
    assistantSays(answer.text, answer.contains),
  ];
}

const withoutOptions = (bound: BoundTool): BoundTool => ({
  ...bound,
  slots: bound.slots.filter(({ optional }) => optional !== true),
});
