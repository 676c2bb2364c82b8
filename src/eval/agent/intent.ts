/**
 * What a user can want of a tool, as data: names that the tool may have, its slots, phrases that ask for it,
 * and what it gives back. A tool is drawn from an intent, so that no two conversations need show the same one.
 */

import type { ChatTool } from "../../text/template/types.ts";
import { splitOf, type Draw } from "./draw.ts";
import { slotsOf, writePhrase, type SlotTexts } from "./phrase.ts";
import type { Json, Schema, Value, ValueKind } from "./values/value.ts";

export interface Slot {
  /** What phrases call it. */
  readonly key: string;
  /** Names of the parameter, in snake case. */
  readonly names: readonly string[];
  /** Phrase of the description. */
  readonly about: string;
  readonly kind: ValueKind;
  readonly optional?: boolean;
  /** Question for it where a request lacks it. */
  readonly ask?: string;
  /** Answers to that question; by default the value alone. */
  readonly reply?: string;
}

/** Fields of the result by their names, in the order of the JSON. */
export type Fields = Readonly<Record<string, Value>>;

export interface Intent {
  /** No two tools of a conversation share it: it says what is done to what. */
  readonly concept: string;
  /** Concepts that would do as well for some request, so that they never stand beside this one. */
  readonly conflicts?: readonly string[];
  /** Of the tool, in snake case. */
  readonly names: readonly string[];
  readonly about: string;
  readonly slots: readonly Slot[];
  /** Requests without "please" and capital: "show the weather in {city}". Slots in brackets may be missing. */
  readonly clauses: readonly string[];
  /** Whole requests in other forms: questions. */
  readonly questions?: readonly string[];
  /** Asks for the same with another value of `slot`: "And in {city}?" */
  readonly followUp?: { readonly slot: string; readonly phrase: string };
  /** Values that depend on each other; slots that it leaves out are drawn alone. */
  readonly values?: (draw: Draw) => Readonly<Record<string, Value>>;
  readonly results: (draw: Draw, args: Readonly<Record<string, Json>>) => Fields;
  /**
   * What the assistant says of it: a phrase without choices, over required slots and the result's fields. One for
   * each intent, so that a small model learns what to say and not which of several words came up.
   */
  readonly answer: string;
}

export interface BoundSlot extends Slot {
  /** The parameter's name. */
  readonly name: string;
  readonly schema: Schema;
}

export interface BoundTool {
  readonly intent: Intent;
  readonly tool: ChatTool;
  readonly name: string;
  readonly slots: readonly BoundSlot[];
}

const words = (snake: string): readonly string[] => snake.split("_");

type Style = "snake" | "camel" | "kebab" | "dotted";

function styled(snake: string, style: Style): string {
  const [first = "", ...others] = words(snake);
  switch (style) {
    case "snake":
      return snake;
    case "camel":
      return first + others.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join("");
    case "kebab":
      return words(snake).join("-");
    case "dotted":
      return others.length === 0 ? first : `${first}.${others.join("_")}`;
    default:
      return style satisfies never;
  }
}

/** Some intents give few different tools, of which none may be held out. */
const MAX_TOOL_DRAWS = 60;

/** A tool of the draw's split whose name is not in `taken`; null where none comes up. */
export function bindTool(intent: Intent, draw: Draw, taken: ReadonlySet<string>): BoundTool | null {
  for (let attempt = 0; attempt < MAX_TOOL_DRAWS; attempt += 1) {
    const bound = drawTool(intent, draw);
    if (splitOf(JSON.stringify(bound.tool)) === draw.split && !taken.has(bound.name)) return bound;
  }
  return null;
}

function drawTool(intent: Intent, draw: Draw): BoundTool {
  const style: Style = draw.chance(0.75) ? "snake" : draw.pick(["camel", "kebab", "dotted"]);
  const name = styled(draw.pick(intent.names), style);
  const slots = intent.slots
    // Some tools lack an option that others have.
    .filter(({ optional }) => optional !== true || draw.chance(0.6))
    .map((slot) => ({
      ...slot,
      name: styled(draw.pick(slot.names), style === "camel" ? "camel" : "snake"),
      schema: { ...slot.kind.schema(draw), ...describe(slot, draw) },
    }));
  const description = writePhrase(intent.about, {}, draw);
  const parameters = {
    type: "object",
    properties: Object.fromEntries(slots.map(({ name: slotName, schema }) => [slotName, schema])),
    required: slots.filter(({ optional }) => optional !== true).map(({ name: slotName }) => slotName),
    // Schema libraries add it.
    ...(draw.chance(0.3) ? { additionalProperties: false } : {}),
  };
  return { intent, name, slots, tool: { type: "function", function: { name, description, parameters } } };
}

function describe({ about }: Slot, draw: Draw): { readonly description?: string } {
  return draw.chance(0.7) ? { description: writePhrase(about, {}, draw) } : {};
}

/** A call with what a user says to get it. */
export interface Call {
  readonly bound: BoundTool;
  readonly args: Readonly<Record<string, Json>>;
  /** By slot key; of the slots that the call gives. */
  readonly texts: SlotTexts;
}

/** Values for all required slots and some others; `given` goes before drawn ones. */
export function drawCall(bound: BoundTool, draw: Draw, given: Readonly<Record<string, Value>> = {}): Call {
  const values = new Map<string, Value>();
  const drawn = bound.intent.values?.(draw) ?? {};
  for (const slot of bound.slots) {
    if (slot.optional === true && given[slot.key] === undefined && draw.chance(0.45)) continue;
    values.set(slot.key, given[slot.key] ?? drawn[slot.key] ?? slot.kind.make(draw, slot.schema));
  }
  return {
    bound,
    args: Object.fromEntries(
      bound.slots.flatMap(({ key, name }) => {
        const value = values.get(key);
        return value === undefined ? [] : [[name, value.json] as const];
      }),
    ),
    texts: Object.fromEntries([...values].map(([key, { text }]) => [key, text])),
  };
}

/** Phrases that say all that a call's arguments hold, and nothing that it lacks. */
export function fittingPhrases(phrases: readonly string[], texts: SlotTexts): readonly string[] {
  const given = Object.keys(texts);
  return phrases.filter((phrase) => {
    const { always, optional } = slotsOf(phrase);
    return (
      [...always].every((key) => texts[key] !== undefined) && given.every((key) => always.has(key) || optional.has(key))
    );
  });
}
