/** tokenizer.json's pre-tokeniser as the stages of a rule. */

import { shortJson } from "../../../base/short-json.ts";
import { PATTERNS, ruleOf } from "../pre-patterns.ts";
import type { SplitBehavior, SplitRule, SplitStage } from "../split-rules.ts";
import { type Component, componentsOf, patternOf, unsupported } from "./components.ts";
import { getBool, getString, invalid, type JsonObject } from "./json-value.ts";

export interface ReadPreTokenizer {
  /** Null where text is not cut. */
  readonly rule: SplitRule | null;
  /** Words are bytes in GPT-2's alphabet. */
  readonly byteLevel: boolean;
}

/** Throws `tokenizer_unsupported`, naming what is not known. */
export function readPreTokenizer(json: JsonObject | null): ReadPreTokenizer {
  const components = componentsOf(json, "pretokenizers");
  const stages = components.flatMap((component) => readStages(component));
  return {
    rule: stages.length === 0 ? null : ruleOf(stages),
    byteLevel: components.some(({ type }) => type === "ByteLevel"),
  };
}

const isolated = (pattern: string): SplitStage => ({ kind: "pattern", pattern, behavior: "isolated" });
const PUNCTUATION = "[\\p{P}!-/:-@\\[-`{-~]";

function readStages(component: Component): readonly SplitStage[] {
  const { type, json } = component;
  switch (type) {
    case "ByteLevel":
      return [
        ...(getBool(json, "add_prefix_space", true) ? [{ kind: "space-prefix", onlyFirst: false } as const] : []),
        ...(getBool(json, "use_regex", true) ? [isolated(PATTERNS.gpt2)] : []),
      ];
    case "Split":
      return [readSplit(component)];
    case "Digits":
      return [isolated(getBool(json, "individual_digits", false) ? "\\p{N}" : "\\p{N}+")];
    case "Punctuation":
      return [{ kind: "pattern", pattern: PUNCTUATION, behavior: behaviorOf(json, "Isolated", false) }];
    case "Whitespace":
      return [{ kind: "pattern", pattern: "\\w+|[^\\w\\s]+", behavior: "matches" }];
    case "WhitespaceSplit":
      return [{ kind: "pattern", pattern: "\\s+", behavior: "removed" }];
    case "Metaspace":
      return readMetaspace(component);
    default:
      return unsupported("pre-tokenizer", component);
  }
}

/** Patterns that take the square of a text's length, and the stage that does the same. */
const DIGIT_GROUPS: ReadonlyMap<string, SplitStage> = new Map([
  ["(?=(\\d{3})+(?!\\d))", { kind: "digit-groups", runs: "joined" }],
  ["\\d{1,3}(?=(?:\\d{3})*\\b)", { kind: "digit-groups", runs: "before-edge" }],
]);

function readSplit(component: Component): SplitStage {
  const { json } = component;
  const { kind, source } = patternOf(component);
  const behavior = behaviorOf(json, getString(json, "behavior"), getBool(json, "invert", false));
  const groups = behavior === "isolated" ? DIGIT_GROUPS.get(source) : undefined;
  if (groups !== undefined) return groups;
  return { kind: "pattern", pattern: kind === "text" ? quote(source) : source, behavior };
}

function quote(text: string): string {
  return text.replace(/[^\p{L}\p{N}\p{M} ]/gu, (character) => `\\x{${(character.codePointAt(0) ?? 0).toString(16)}}`);
}

const BEHAVIORS: ReadonlyMap<unknown, SplitBehavior> = new Map([
  ["Isolated", "isolated"],
  ["Removed", "removed"],
  ["MergedWithPrevious", "merged-with-previous"],
  ["MergedWithNext", "merged-with-next"],
  ["Contiguous", "contiguous"],
]);

/** `invert` makes gaps of matches and matches of gaps. */
function behaviorOf(json: JsonObject, byDefault: string, invert: boolean): SplitBehavior {
  const given = json.fields["behavior"] ?? byDefault;
  const behavior = BEHAVIORS.get(given);
  if (behavior === undefined) return invalid(json.at, `its behavior is ${shortJson(given)}`);
  if (!invert) return behavior;
  if (behavior === "removed") return "matches";
  // Gaps never touch each other, so there is nothing to join.
  if (behavior === "isolated" || behavior === "contiguous") return "isolated";
  return unsupported("inverted split", { type: behavior, json });
}

/** Spaces are U+2581 there and spaces here. */
function readMetaspace(component: Component): readonly SplitStage[] {
  const { json } = component;
  if (getString(json, "replacement") !== "\u2581") return unsupported("replacement of spaces in", component);
  const given = json.fields["prepend_scheme"];
  const scheme = given ?? (getBool(json, "add_prefix_space", true) ? "always" : "never");
  if (scheme !== "always" && scheme !== "first" && scheme !== "never") {
    return invalid(json.at, `its prepend_scheme is ${shortJson(scheme)}`);
  }
  return [
    { kind: "unmark-spaces" },
    ...(scheme === "never" ? [] : [{ kind: "space-prefix", onlyFirst: scheme === "first" } as const]),
    ...(getBool(json, "split", true) ? [{ kind: "pattern", pattern: " ", behavior: "merged-with-next" } as const] : []),
  ];
}
