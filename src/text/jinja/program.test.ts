import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import { TurnwiseError } from "../../base/errors.ts";
import { TEMPLATE_LIMITS } from "./limits.ts";
import { parseJinja } from "./program.ts";

const NOW = new Date(2026, 6, 4, 12);

describe("the limits of a template", () => {
  const limits = { sourceUnits: 300, steps: 1000, outputUnits: 100, copiedUnits: 1000 };
  const run = (source: string): string => parseJinja(source, limits).run({}, NOW);

  it("bound the source and the text", () => {
    expect(run("a".repeat(100))).toBe("a".repeat(100));
    expect(() => run("a".repeat(101))).toThrow(/too long/);
    expect(() => run("a".repeat(301))).toThrow(/301 characters; at most 300/);
  });

  const bombs: readonly (readonly [what: string, source: string, message: RegExp])[] = [
    ["loops in loops", "{% for i in range(999) %}{% for j in range(999) %}{% endfor %}{% endfor %}", /too long/],
    ["a loop that prints", "{% for i in range(999) %}{{ i }}{% endfor %}", /too long/],
    [
      "text that doubles",
      "{% set n = namespace(x='ab') %}{% for i in range(60) %}{% set n.x = n.x + n.x %}{% endfor %}",
      /too long/,
    ],
    ["text that is repeated", "{{ 'ab' * 1000000000 }}", /too long/],
    ["a list that is repeated", "{% set x = [1] * 1000000000 %}", /too long/],
    ["padding", "{% set x = 'a'.ljust(1000000000) %}", /too long/],
    ["replacements", "{% set x = ('a' * 99) | replace('a', 'b' * 99) %}", /too long/],
    [
      "copies that are dropped",
      "{% for i in range(300) %}{% set x = ('a' * 90) | upper %}{% endfor %}",
      /too much text/,
    ],
    ["a macro that calls itself", "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}", /too (long|deep)|recursion/],
    ["formats", "{{ '%1000000000d' % 1 }}", /width/],
  ];
  it.each(bombs)("end %s", (_, source, message) => {
    expect(() => run(source)).toThrow(expect.objectContaining({ code: "template_failed" }));
    expect(() => run(source)).toThrow(message);
  });

  it("bound nesting, of the source and of what it is given", () => {
    for (const source of [
      `{{ ${"(".repeat(9999)} }}`,
      `{{ ${"[".repeat(9999)} }}`,
      `{{ ${"-".repeat(9999)}1 }}`,
      "{% if 1 %}".repeat(9999),
    ]) {
      expect(() => parseJinja(source)).toThrow(expect.objectContaining({ code: "template_invalid" }));
    }
    let deep: unknown = 1;
    for (let level = 0; level < 9999; level += 1) deep = [deep];
    expect(() => parseJinja("a").run({ deep }, NOW)).toThrow(expect.objectContaining({ code: "template_failed" }));
  });

  it("end a loop without end within seconds", () => {
    const loop = "{% for i in range(100000) %}{% for j in range(100000) %}{{ i and j }}{% endfor %}{% endfor %}";
    const start = process.cpuUsage();
    expect(() => parseJinja(loop, TEMPLATE_LIMITS).run({}, NOW)).toThrow(/runs for too long/);
    expect(process.cpuUsage(start).user).toBeLessThan(10_000_000);
  });
});

describe("a template", () => {
  it("shows the clock as it is told, and what raise_exception says", () => {
    expect(parseJinja("{{ strftime_now('%d %b %Y') }}").run({}, NOW)).toBe("04 Jul 2026");
    expect(() => parseJinja("{{ raise_exception('No!') }}").run({}, NOW)).toThrow(/: No!$/);
  });

  it("marks what the model generated without a trace", () => {
    expect(parseJinja("a{% generation %}\nb{% endgeneration %}\nc").run({}, NOW)).toBe("abc");
  });

  it("of any kind runs or is refused", () => {
    const word = fc.constantFrom(
      ..."{{ }} {% %} {%- -%} for in if else endif endfor set x = 1 2.5 'a' [ ] ( ) { } . , : | ~ + - * / // % ** == < not and or is".split(
        " ",
      ),
      ..."length upper join map select tojson default loop range namespace macro endmacro call defined string none true messages # \n".split(
        " ",
      ),
    );
    const source = fc.array(word, { maxLength: 24 }).map((words) => words.join(" "));
    fc.assert(
      fc.property(source, (text) => {
        expect(["works", "template_invalid", "template_failed"]).toContain(outcome(text));
      }),
      { numRuns: 3000 },
    );
  });
});

/** "works", or the code of what was refused. */
function outcome(source: string): string {
  try {
    parseJinja(source).run({ messages: [{ role: "user", content: "hi" }], x: 3 }, NOW);
    return "works";
  } catch (error) {
    if (error instanceof TurnwiseError) return error.code;
    throw error;
  }
}
