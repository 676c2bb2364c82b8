import { describe, expect, it } from "vitest";
import { jsonVocabulary, tokensIn } from "../../../test/support/random-generation.ts";
import { compileGrammar } from "../../text/grammar/compile-grammar.ts";
import type { WakeRule } from "../../text/tools/tool-grammar.ts";
import { buildVocabularyBytes } from "../../text/tokenizer/vocabulary-bytes.ts";
import type { Constraint } from "./active-order.ts";
import { grammarConstraints } from "./grammar-constraints.ts";

const vocabulary = buildVocabularyBytes(jsonVocabulary());
const words = new Uint32Array(Math.ceil(vocabulary.flags.length / 32));
/** Begin-of-text stands for the control token that opens a call. */
const CONTROL = vocabulary.flags.length - 2;
const constraints = grammarConstraints(vocabulary);

function waking(pattern: string, wake: WakeRule): Constraint {
  return constraints({ grammar: compileGrammar({ kind: "regex", pattern }), key: pattern, wake });
}

/** Byte tokens have their byte's number. */
function say(constraint: Constraint, text: string): void {
  for (const byte of Buffer.from(text)) constraint.accept(byte);
}

/** What may come, as bytes; null where anything may. */
function allowed(constraint: Constraint): string | null {
  // oxlint-disable-next-line unicorn/no-array-fill-with-reference-type -- this is no array
  if (!constraint.fill(words, 0)) return null;
  return String.fromCharCode(...tokensIn(words).filter((token) => token < 128));
}

describe("a grammar that wakes", () => {
  it("leaves free text alone and binds what follows the sign, wherever it comes", () => {
    const constraint = waking("<call>[xy]z", {
      text: "<call>",
      token: null,
      atStart: false,
      before: "",
      thoughts: "none",
    });
    say(constraint, "Some text with <cal and <call");
    expect(allowed(constraint)).toBeNull();
    say(constraint, ">");
    expect(allowed(constraint)).toBe("xy");
    say(constraint, "x");
    expect(allowed(constraint)).toBe("z");
    expect(constraint.isFinished).toBe(false);
    say(constraint, "z");
    expect(constraint.isFinished).toBe(true);
  });

  it("stays asleep where a sign that must come first comes later", () => {
    const rule: WakeRule = { text: '{"name"', token: null, atStart: true, before: "", thoughts: "none" };
    const late = waking('\\{"name":1\\}', rule);
    say(late, 'An object: {"name"');
    expect(allowed(late)).toBeNull();
    const first = waking('\\{"name":1\\}', rule);
    say(first, ' \n{"name"');
    expect(allowed(first)).toBe(":");
  });

  it("takes a token that holds the sign and more, and leaves text what does not go on as a call", () => {
    const rule: WakeRule = { text: '{"', token: null, atStart: false, before: "", thoughts: "none" };
    const more = waking('\\{"kind":1\\}', rule);
    more.accept(vocabularyId('{"kind":'));
    expect(allowed(more)).toBe("1");
    const other = waking('\\{"x":1\\}', rule);
    other.accept(vocabularyId('{"kind":'));
    expect(allowed(other)).toBeNull();
    say(other, ' then {"x');
    expect(allowed(other)).toBe('"');
  });

  it("wakes at a bare call with white space in its head, as readers of calls take it", () => {
    const rule: WakeRule = { text: '{"name"', token: null, atStart: true, before: "", thoughts: "none" };
    for (const head of ['{"name"', '{ "name"', '\n{\n    "name"']) {
      const constraint = waking('\\{"name":1\\}', rule);
      say(constraint, head);
      expect(allowed(constraint), head).toBe(":");
    }
    const other = waking('\\{"name":1\\}', rule);
    say(other, '{"nama": {"name"');
    expect(allowed(other)).toBeNull();
  });

  it("takes a call whose sign is not followed by what the grammar has there", () => {
    const rule: WakeRule = { text: "{", token: null, atStart: false, before: "\n", thoughts: "none" };
    const without = waking('\\{\n"kind":1\\}', rule);
    without.accept(vocabularyId('{"kind":'));
    expect(allowed(without)).toBe("1");
    const spaced = waking('a":1', { ...rule, text: 'a"' });
    say(spaced, "a");
    spaced.accept(vocabularyId('": '));
    expect(allowed(spaced)).toBe("1");
  });

  it("leaves thoughts alone, whatever stands in them", () => {
    const rule: WakeRule = { text: "<call>", token: CONTROL, atStart: false, before: "", thoughts: "maybe" };
    const constraint = waking("<call>[xy]", rule);
    say(constraint, "<think>I could <call>x");
    constraint.accept(CONTROL);
    expect(allowed(constraint)).toBeNull();
    say(constraint, "</think>\n\nWell: <call>");
    expect(allowed(constraint)).toBe("xy");
    const bare: WakeRule = { text: '{"name"', token: null, atStart: true, before: "", thoughts: "open" };
    const first = waking('\\{"name":1\\}', bare);
    say(first, '{"name": 1} no.</think>\n\n{"name"');
    expect(allowed(first)).toBe(":");
  });

  it("wakes at a control token, and not at its spelling", () => {
    const open = compileGrammar({ kind: "gbnf", grammar: 'root ::= "q"' });
    const nodes = [
      { kind: "sequence" as const, items: [1, 2] },
      { kind: "token" as const, id: CONTROL },
      ...open.nodes,
    ];
    expect(open.root).toBe(0);
    const grammar = { nodes: [...nodes.slice(0, 2), ...shifted(open.nodes, 2)], root: 0 };
    const constraint = constraints({
      grammar,
      key: "control",
      wake: { text: "", token: CONTROL, atStart: false, before: "", thoughts: "none" },
    });
    say(constraint, "<|begin|>");
    expect(allowed(constraint)).toBeNull();
    constraint.accept(CONTROL);
    expect(allowed(constraint)).toBe("q");
  });
});

function shifted(nodes: ReturnType<typeof compileGrammar>["nodes"], by: number): typeof nodes {
  return nodes.map((node) => {
    if (node.kind === "sequence") return { ...node, items: node.items.map((item) => item + by) };
    if (node.kind === "choice") return { ...node, options: node.options.map((option) => option + by) };
    return node.kind === "repeat" ? { ...node, item: node.item + by } : node;
  });
}

function vocabularyId(text: string): number {
  const { bytes, offsets, flags } = vocabulary;
  const id = [...flags.keys()].find(
    (token) => Buffer.from(bytes.subarray(offsets[token], offsets[token + 1])).toString() === text,
  );
  expect(id).toBeDefined();
  return id ?? -1;
}
