/**
 * Phrases with choices: "(Show|Give me) the weather[ in {city}]". One alternative of parentheses is drawn;
 * brackets stay where all slots in them have a text; {slot} is that text.
 */

import { fail } from "../../base/errors.ts";
import type { Draw } from "./draw.ts";

type Part =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "slot"; readonly name: string }
  | { readonly kind: "choice"; readonly options: readonly (readonly Part[])[] }
  | { readonly kind: "optional"; readonly parts: readonly Part[]; readonly slots: readonly string[] };

const NO_CHOICE: Pick<Draw, "pick"> = {
  pick: () => fail("invariant_violated", { what: "a phrase that is said in one way has no choices" }),
};

export type SlotTexts = Readonly<Record<string, string | undefined>>;

const parsed = new Map<string, readonly Part[]>();

/** Slots without a text outside brackets are an error of the phrase. */
export function writePhrase(phrase: string, texts: SlotTexts, draw: Draw): string {
  return write(partsOf(phrase), texts, draw);
}

/** Of a phrase without choices. */
export function fillPhrase(phrase: string, texts: SlotTexts): string {
  return write(partsOf(phrase), texts, NO_CHOICE);
}

/** Slots that a phrase cannot do without, and those that stand in brackets. */
export function slotsOf(phrase: string): {
  readonly always: ReadonlySet<string>;
  readonly optional: ReadonlySet<string>;
} {
  const parts = partsOf(phrase);
  const always = new Set(namesIn(parts.filter(({ kind }) => kind !== "optional")));
  const optional = parts.flatMap((part) => (part.kind === "optional" ? part.slots : []));
  return { always, optional: new Set(optional.filter((name) => !always.has(name))) };
}

function partsOf(phrase: string): readonly Part[] {
  let parts = parsed.get(phrase);
  if (parts === undefined) {
    parts = parse(phrase);
    // Phrases with texts in them are many; the table's are few and come again.
    if (parsed.size < 20_000) parsed.set(phrase, parts);
  }
  return parts;
}

function write(parts: readonly Part[], texts: SlotTexts, draw: Pick<Draw, "pick">): string {
  let text = "";
  for (const part of parts) {
    switch (part.kind) {
      case "text":
        text += part.text;
        break;
      case "slot":
        text += texts[part.name] ?? `{${part.name}}`;
        break;
      case "choice":
        text += write(draw.pick(part.options), texts, draw);
        break;
      case "optional":
        if (part.slots.every((name) => texts[name] !== undefined)) text += write(part.parts, texts, draw);
        break;
      default:
        part satisfies never;
    }
  }
  return text;
}

function namesIn(parts: readonly Part[]): readonly string[] {
  return parts.flatMap((part) => {
    if (part.kind === "slot") return [part.name];
    if (part.kind === "choice") return part.options.flatMap(namesIn);
    return part.kind === "optional" ? part.slots : [];
  });
}

function parse(phrase: string): readonly Part[] {
  let at = 0;
  const sequence = (end: string): Part[] => {
    const parts: Part[] = [];
    while (at < phrase.length && !end.includes(phrase[at] ?? "")) parts.push(one());
    return parts;
  };
  const one = (): Part => {
    const character = phrase[at] ?? "";
    if (character === "{") {
      const close = phrase.indexOf("}", at);
      const name = phrase.slice(at + 1, close);
      at = close + 1;
      return { kind: "slot", name };
    }
    if (character === "[") {
      at += 1;
      const parts = sequence("]");
      at += 1;
      return { kind: "optional", parts, slots: namesIn(parts) };
    }
    if (character === "(") {
      const options: Part[][] = [];
      do {
        at += 1;
        options.push(sequence("|)"));
      } while (phrase[at] === "|");
      at += 1;
      return { kind: "choice", options };
    }
    const from = at;
    while (at < phrase.length && !"{}[]()|".includes(phrase[at] ?? "")) at += 1;
    // A closing mark without its opening one is text.
    if (at === from) at += 1;
    return { kind: "text", text: phrase.slice(from, at) };
  };
  return sequence("");
}
