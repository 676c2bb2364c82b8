import { describe, expect, it } from "vitest";
import { jsonVocabulary, tokensIn } from "../../../test/support/random-generation.ts";
import { TurnwiseError } from "../../base/errors.ts";
import { buildVocabularyBytes } from "../tokenizer/vocabulary-bytes.ts";
import { compileGrammar, type GrammarSource } from "./compile-grammar.ts";
import { LexerMasks } from "./masks/lexer-masks.ts";
import { Matcher } from "./matcher.ts";
import { Pushdown } from "./pushdown.ts";

const vocabulary = buildVocabularyBytes(jsonVocabulary());
const masks = new LexerMasks(vocabulary);
const END = vocabulary.flags.length - 1;

function matcherOf(source: GrammarSource): Matcher {
  return new Matcher(new Pushdown(structuredClone(compileGrammar(source)), masks));
}

/** Byte tokens have their byte's number. */
function accepts(source: GrammarSource, text: string): boolean {
  const matcher = matcherOf(source);
  return [...Buffer.from(text)].every((byte) => matcher.accept(byte)) && matcher.isComplete;
}

const schema = (value: unknown): GrammarSource => ({ kind: "json_schema", schema: value });

function errorOf(source: GrammarSource): TurnwiseError | null {
  try {
    compileGrammar(source);
    return null;
  } catch (error) {
    if (error instanceof TurnwiseError) return error;
    throw error;
  }
}

const groups = (optionsOf: (index: number) => readonly object[]): readonly object[] =>
  Array.from({ length: 20 }, (_, index) => ({ anyOf: optionsOf(index) }));

describe("compileGrammar", () => {
  it("takes members in the schema's order, leaving out what is optional", () => {
    const source = schema({ properties: { a: { type: "integer" }, b: { type: "null" } }, required: ["b"] });
    expect(accepts(source, '{"a": 1, "b": null}')).toBe(true);
    expect(accepts(source, '{"b":null}')).toBe(true);
    expect(accepts(source, '{"a":1}')).toBe(false);
    expect(accepts(source, '{"b":null,"a":1}')).toBe(false);
    expect(accepts(source, '{"b":null,"c":1}')).toBe(false);
  });

  it("counts characters, not bytes, and not escapes", () => {
    const source = schema({ type: "string", minLength: 2, maxLength: 2 });
    for (const text of ['"é日"', '"\\u00e9\\n"', '"😀a"', '"\\ud83d\\ude00a"'])
      expect(accepts(source, text), text).toBe(true);
    for (const text of ['"a"', '"abc"', '"\\ud83d\\ude00"', '"\\ud83dab"'])
      expect(accepts(source, text), text).toBe(false);
  });

  it("keeps further keys apart from those with a name, in any spelling", () => {
    const source = schema({ properties: { ab: { type: "null" } }, additionalProperties: { type: "integer" } });
    expect(accepts(source, '{"ab":null,"a":1,"abc":2,"":3}')).toBe(true);
    expect(accepts(source, '{"ab":1}')).toBe(false);
    expect(accepts(source, '{"a\\u0062":1}')).toBe(false);
  });

  it("takes a key that JavaScript's prototypes have", () => {
    const source = schema({ properties: JSON.parse('{"__proto__":{"type":"null"},"constructor":{"type":"null"}}') });
    expect(accepts(source, '{"__proto__":null,"constructor":null}')).toBe(true);
  });

  it("takes words that JavaScript's prototypes have for unknown ones", () => {
    expect(accepts(schema(JSON.parse('{"constructor":{},"toString":1,"maxLength":2}')), '"ab"')).toBe(true);
  });

  it("takes one option of each group in allOf", () => {
    const source = schema({
      type: "object",
      properties: { a: { type: "null" }, b: { type: "null" }, c: { type: "null" } },
      allOf: [{ anyOf: [{ required: ["a"] }, { required: ["b"] }] }, { anyOf: [{ required: ["c"] }] }],
    });
    for (const text of ['{"a":null,"c":null}', '{"b":null,"c":null}']) expect(accepts(source, text), text).toBe(true);
    for (const text of ['{"a":null}', '{"c":null}', "{}"]) expect(accepts(source, text), text).toBe(false);
  });

  it.each([
    ["of strings", { type: "string", allOf: groups((index) => [{ minLength: index }, { pattern: `a{${index}}` }]) }],
    [
      "of objects",
      { type: "object", allOf: groups((index) => [{ required: [`a${index}`] }, { required: [`b${index}`] }]) },
    ],
    ["inside options", { allOf: groups(() => [{ allOf: groups(() => [{ minLength: 1 }, { maxLength: 9 }]) }]) }],
  ])("refuses a bomb of combinations %s at once", (_, bomb) => {
    const before = process.cpuUsage();
    expect(errorOf(schema(bomb))).toMatchObject({ code: "grammar_limit" });
    const { user, system } = process.cpuUsage(before);
    expect((user + system) / 1000).toBeLessThan(100);
  });

  it("follows recursive references", () => {
    const source = schema({ properties: { next: { $ref: "#" } } });
    expect(accepts(source, '{"next":{"next":{}}}')).toBe(true);
    expect(accepts(source, '{"next":1}')).toBe(false);
  });

  it.each([
    [{ minimum: 3, maximum: 120 }, ["3", "99", "120"], ["2", "121", "03", "-5"]],
    [{ minimum: -12, exclusiveMaximum: 0 }, ["-12", "-1"], ["-13", "0", "-0"]],
    [{ multipleOf: 7, minimum: 1 }, ["7", "14", "7007"], ["0", "1", "15"]],
    // As a double it is 10120753103570008, which is none.
    [{ multipleOf: 3 }, ["0", "-3", "999999999999999"], ["-0", "4", "10120753103570007"]],
  ])("bounds integers: %j", (bounds, good, bad) => {
    for (const text of good) expect(accepts(schema({ type: "integer", ...bounds }), text), text).toBe(true);
    for (const text of bad) expect(accepts(schema({ type: "integer", ...bounds }), text), text).toBe(false);
  });

  it("bounds numbers by their digits", () => {
    const source = schema({ type: "number", exclusiveMinimum: -0.5, maximum: 12.75 });
    for (const text of ["-0.49", "0", "12", "12.7", "12.75", "12.750"]) expect(accepts(source, text), text).toBe(true);
    for (const text of ["-0.5", "-0.50", "12.76", "13", "12.7501"]) expect(accepts(source, text), text).toBe(false);
  });

  it("keeps places where a double does", () => {
    const source = schema({ type: "number", multipleOf: 0.01 });
    for (const text of ["-0.01", "1234567890.5", "9999999999998.99"]) expect(accepts(source, text), text).toBe(true);
    for (const text of ["0.001", "999999999999999.99"]) expect(accepts(source, text), text).toBe(false);
  });

  it.each([
    [
      { multipleOf: 1e-8 },
      ["0.00000001", "1234567.12345678", "-0.5", "123456789012345"],
      ["0.000000001", "12345678.12345678"],
    ],
    [{ multipleOf: 1e-8, minimum: 0, maximum: 21e6 }, ["0.12345678", "20999999.9", "21000000"], ["-0.1", "21000000.1"]],
    [{ multipleOf: 1e-15, minimum: 0, maximum: 0.5 }, ["0.000000000000001", "0.5"], ["0.6"]],
    [
      { multipleOf: 0.01, minimum: 5e12 },
      ["9999999999999.99", "5000000000000", "99999999999999.9"],
      ["4999999999999.99"],
    ],
    [{ minimum: 0.5, maximum: 1e15 }, ["999999999.999999", "99999999999999.5", "0.5"], ["0.4999", "999999999999999.5"]],
    [{ allOf: [{ multipleOf: 0.1 }, { multipleOf: 0.01 }] }, ["0.5"], ["0.05"]],
  ])("takes all numbers of 15 digits: %j", (bounds, good, bad) => {
    for (const text of good) expect(accepts(schema({ type: "number", ...bounds }), text), text).toBe(true);
    for (const text of bad) expect(accepts(schema({ type: "number", ...bounds }), text), text).toBe(false);
  });

  it("takes listed numbers that are multiples, however long", () => {
    const listed = schema({ enum: [1234567890123456, 9007199254740992, 7], multipleOf: 2 });
    for (const text of ["1234567890123456", "9007199254740992"]) expect(accepts(listed, text), text).toBe(true);
    expect(accepts(listed, "7")).toBe(false);
  });

  it("matches a pattern anywhere unless it is anchored", () => {
    expect(accepts(schema({ type: "string", pattern: "o+b" }), '"foobar"')).toBe(true);
    expect(accepts(schema({ type: "string", pattern: "^o+b" }), '"foobar"')).toBe(false);
    expect(accepts(schema({ type: "string", pattern: "^(a|b\\n)$" }), '"b\\n"')).toBe(true);
  });

  it("reads GBNF with recursion, and regular expressions", () => {
    const source: GrammarSource = {
      kind: "gbnf",
      grammar: 'root ::= "(" root ")" | digit+ # nested\ndigit ::= [0-9]\n',
    };
    expect(accepts(source, "((42))")).toBe(true);
    expect(accepts(source, "((42)")).toBe(false);
    expect(accepts({ kind: "regex", pattern: "(ab){2,3}|c" }, "ababab")).toBe(true);
    expect(accepts({ kind: "regex", pattern: "(ab){2,3}|c" }, "xc")).toBe(false);
  });

  it.each([
    [{ not: {} }, "not"],
    [{ properties: { a: { type: "array", uniqueItems: true } } }, "uniqueItems"],
    [{ items: { if: {} } }, "if"],
    [{ type: "string", pattern: "(?=a)b" }, "pattern"],
    [{ type: "string", format: "iri" }, "format"],
    [{ type: "integer", format: "int24" }, "format"],
    [{ propertyNames: { minlength: 2 } }, "minlength"],
    [{ oneOf: [{ type: "integer" }, { type: "number" }] }, "oneOf"],
    [{ $ref: "http://example.com/x" }, "$ref"],
    [{ type: "string", maxlength: 3 }, "maxlength"],
  ])("refuses what it cannot enforce by name: %j", (value, keyword) => {
    const error = errorOf(schema(value));
    expect(error?.code).toBe("schema_unsupported");
    expect(error?.params["keyword"]).toBe(keyword);
    expect(error?.params["pointer"]).toMatch(/^#/);
  });

  it("names what is wrong with a schema", () => {
    expect(errorOf(schema({ type: "integer", minimum: 5, maximum: 4 }))?.code).toBe("schema_invalid");
    expect(errorOf(schema({ properties: { x: { $ref: "#" } }, required: ["x"] }))?.code).toBe("schema_invalid");
    expect(errorOf(schema({ allOf: [{ $ref: "#" }] }))?.code).toBe("schema_invalid");
    const clash = {
      type: "object",
      properties: { a: {}, "b/c": { type: "string", enum: [1] } },
      required: ["a", "b/c"],
    };
    const barren = errorOf(schema({ anyOf: [{ $ref: "#/$defs/x" }], $defs: { x: clash } }));
    expect(barren?.params["pointer"]).toBe("#/$defs/x/properties/b~1c");
    const forbidden = { properties: { a: { type: "null" }, b: false }, required: ["b"] };
    expect(errorOf(schema(forbidden))?.params["pointer"]).toBe("#/properties/b");
    expect(errorOf(schema({ propertyNames: { maxLength: "3" } }))?.params["pointer"]).toBe("#/propertyNames/maxLength");
    expect(errorOf(schema({ type: "dict" }))?.params["pointer"]).toBe("#/type");
    expect(errorOf({ kind: "gbnf", grammar: 'root ::= root "a" | "b"' })?.message).toMatch(/root begins with itself/);
    expect(errorOf({ kind: "gbnf", grammar: "root ::= missing" })?.message).toMatch(/no rule missing/);
  });

  it("takes texts that are longer than a stack is deep", () => {
    const long = "ab".repeat(20_000);
    const matcher = matcherOf({ kind: "choice", texts: [long] });
    const words = new Uint32Array(masks.wordCount);
    matcher.fillMask(words, 50_000);
    expect(tokensIn(words)).toContain("a".charCodeAt(0));
    expect(matcher.acceptBytes(Buffer.from(long))).toBe(true);
    expect(matcher.isComplete).toBe(true);
    const many = matcherOf({ kind: "regex", pattern: "a?".repeat(3000) });
    many.fillMask(words, 10);
    expect(tokensIn(words)).toContain("a".charCodeAt(0));
  });

  it("refuses rules in a row that may be empty, whether their parses or the stack end first", () => {
    const grammar = "root ::=  [a-z]*?+.root{9999999}{2,}|";
    const matcher = matcherOf({ kind: "gbnf", grammar });
    const words = new Uint32Array(masks.wordCount);
    expect(() => matcher.fillMask(words)).toThrow(expect.objectContaining({ class: "RequestError" }));
  });

  it("stops at a schema that multiplies", () => {
    const wide = {
      anyOf: Array.from({ length: 30 }, (_, index) => ({ properties: { [`p${index}`]: { type: "null" } } })),
    };
    expect(errorOf(schema({ allOf: [wide, wide, wide, wide, wide] }))?.code).toBe("grammar_limit");
    let deep: unknown = { type: "null" };
    for (let level = 0; level < 500; level += 1) deep = { items: deep };
    expect(errorOf(schema(deep))?.code).toBe("grammar_limit");
  });
});

describe("Matcher", () => {
  it("allows end tokens where the text is whole, and nothing after them", () => {
    const matcher = matcherOf({ kind: "regex", pattern: "a+" });
    const words = new Uint32Array(masks.wordCount);
    matcher.fillMask(words);
    expect(tokensIn(words)).toEqual([0x61]);
    expect(matcher.accept(0x61)).toBe(true);
    matcher.fillMask(words);
    expect(tokensIn(words)).toEqual([0x61, END]);
    expect(matcher.accept(END)).toBe(true);
    expect(matcher.isFinished).toBe(true);
    matcher.fillMask(words);
    expect(tokensIn(words)).toEqual([]);
    expect(matcher.accept(0x61)).toBe(false);
    matcher.rollback(1);
    expect(matcher.accept(0x61)).toBe(true);
  });

  it("tells which bytes are forced", () => {
    const matcher = matcherOf(schema({ properties: { kind: { const: "circle" } }, required: ["kind"] }));
    expect(matcher.accept(0x7b)).toBe(true);
    expect(Buffer.from(matcher.forced()).toString()).toBe("");
    expect(matcher.accept(0x22)).toBe(true);
    expect(Buffer.from(matcher.forced()).toString()).toBe('kind":');
  });

  it("has the same masks for a bound of 5000 as without one, until it is near", () => {
    const words = [new Uint32Array(masks.wordCount), new Uint32Array(masks.wordCount)] as const;
    const bounded = matcherOf(schema({ type: "string", maxLength: 5000 }));
    const free = matcherOf(schema({ type: "string" }));
    for (const byte of Buffer.from(`"${"x".repeat(4900)}`)) {
      expect(bounded.accept(byte) && free.accept(byte)).toBe(true);
    }
    bounded.fillMask(words[0]);
    free.fillMask(words[1]);
    expect(words[0]).toEqual(words[1]);
    for (let count = 4900; count < 5000; count += 1) bounded.accept(0x78);
    bounded.fillMask(words[0]);
    expect(tokensIn(words[0]).map((token) => String.fromCharCode(token))).toContain('"');
    expect(bounded.accept(0x78)).toBe(false);
  });
});
