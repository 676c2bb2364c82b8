import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import { TurnwiseError } from "../../base/errors.ts";
import { TEMPLATE_LIMITS } from "./limits.ts";
import { parseJinja } from "./program.ts";

const NOW = new Date(2026, 6, 4, 12);

/** Within the limits that servers have. */
const freely = (source: string): string => parseJinja(source, TEMPLATE_LIMITS).run({}, NOW);

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

  /** Values that hold others twice, 16 levels deep: few steps make them, and 65,536 take them apart. */
  const doubled = `{% set n = namespace(x=[], y=[], t=(), d={}) %}{% for i in range(16) %}
    {% set n.x = [n.x, n.x] %}{% set n.y = [n.y, n.y] %}{% set n.t = (n.t, n.t) %}{% set n.d = {1: n.d, 2: n.d} %}
    {% endfor %}`;
  it.each([
    "{{ n.x == n.y }}",
    "{{ n.x < n.y }}",
    "{{ n.x in [n.y] }}",
    "{{ [n.y].index(n.x) }}",
    "{{ [n.x] | sort == [n.y] }}",
    "{% for i in [1, 2] %}{% if loop.changed(n.x if i == 1 else n.y) %}{% endif %}{% endfor %}",
    "{% if n.x | string %}{% endif %}",
    "{% if '%s' % n.x %}{% endif %}",
    "{% if '{}'.format(n.d) %}{% endif %}",
    "{% if n.x | tojson %}{% endif %}",
    "{% if n.d | tojson(indent=1) %}{% endif %}",
    "{% if {n.t: 1} %}{% endif %}",
    "{% if [n.t] | unique %}{% endif %}",
  ])("count what is looked at in values that share parts: %s", (use) => {
    const roomy = { ...limits, sourceUnits: 1000, steps: 2000, outputUnits: 1e8, copiedUnits: 1e9 };
    expect(parseJinja(doubled, roomy).run({}, NOW).trim()).toBe("");
    expect(() => parseJinja(doubled + use, roomy).run({}, NOW)).toThrow(/runs for too long/);
  });

  it.each([
    "'b' in x",
    "x == y",
    "x < y",
    "d[x]",
    "x in d",
    "d == {x: 1}",
    "x[0]",
    "x[1:]",
    "x[::2]",
    "x.find('b')",
    "x.rindex('a')",
    "x.count('b')",
    "x.startswith('b')",
    "x.strip('b')",
    "x.replace('b', 'c')",
    "x.split('b')",
    "x.split()",
    "x.partition('b')",
    "x.splitlines()",
    "x.format()",
    "x.isalpha()",
    "x % ()",
    "x | length",
    "x | first",
    "x | list",
    "x | reverse",
    "x | trim",
    "x | wordcount",
    "x | int",
    "x | float",
    "x | e",
    "x | urlencode",
    "x | striptags",
    "x | indent",
    "x | truncate",
    "x | tojson",
    "[x] | unique",
    "[x, y] | sort",
    "[x, y] | max",
    "[x] | string",
    "x is lower",
    "x is sameas y",
    "namespace(**{x: 1})",
  ])("count the characters that are looked at: %s", (expression) => {
    const roomy = { ...limits, steps: 1000, outputUnits: 1e6, copiedUnits: 1e7 };
    const source = "{% set x = 'a' * 99999 ~ '1' %}{% set y = 'a' * 99999 ~ '1' %}{% set d = {1: 2} %}";
    expect(parseJinja(source, roomy).run({}, NOW)).toBe("");
    expect(() => parseJinja(`${source}{% set z = ${expression} %}`, roomy).run({}, NOW)).toThrow(/runs for too long/);
  });

  it("count the items that are made", () => {
    const roomy = { ...limits, steps: 2500, outputUnits: 1e6, copiedUnits: 1e7 };
    const variables = { d: Object.fromEntries(Array.from({ length: 1000 }, (_, index) => [`k${index}`, index])) };
    const withDict = (source: string): string => parseJinja(source, roomy).run(variables, NOW);
    expect(withDict("{{ d | length }}")).toBe("1000");
    for (const use of [
      "{% for c in 'a' * 3000 %}{% break %}{% endfor %}",
      "{% for k in d %}{% for k in d %}{% for k in d %}{% break %}{% endfor %}{% break %}{% endfor %}{% break %}{% endfor %}",
      "{% set x = [d.items(), d.items(), d.items()] %}",
      "{% set x = [d.keys(), d.values(), d | items] %}",
      "{% set x = [dict(d), dict(d), namespace(d)] %}",
      "{% set x = ('%%' * 3000) % () %}",
      "{% set x = ('{{}}' * 3000).format() %}",
      "{% set x = ('\n' * 3000) | indent %}",
      "{% set x = [1] | map(attribute='.' * 3000) %}",
      "{% set x = [1] | sort(attribute=',' * 3000) %}",
    ]) {
      expect(() => withDict(use), use).toThrow(/runs for too long/);
    }
  });

  it("end what takes the square of a text's length, and searches for long texts, within seconds", () => {
    const start = process.cpuUsage();
    expect(freely("{{ ('a ' * 200000).rsplit(none, 100000) | length }}")).toBe("100001");
    expect(freely("{{ ('<' * 300000) | striptags | length }}")).toBe("300000");
    expect(freely("{{ (('%' ~ '0' * 300000) % ()) | length }}")).toBe("300001");
    expect(() => freely("{{ ('b' ~ 'a' * 10000) in 'a' * 60000000 }}")).toThrow(/runs for too long/);
    expect(() => freely("{{ ('%(a)10000d' * 1000000) % {'a': 1} }}")).toThrow(/too long/);
    expect(() => freely("{{ ('{0:10000}' * 1000000).format(1) }}")).toThrow(/too long/);
    expect(() => freely("{{ ('a' * 1000000) | replace('', 'b' * 1000) }}")).toThrow(/too long/);
    expect(() => freely("{{ 'a'.ljust(60000000, 'b' * 60000000) }}")).toThrow(/fill character/);
    expect(process.cpuUsage(start).user).toBeLessThan(10_000_000);
  });

  it("cut long messages", () => {
    const refused = expect.objectContaining({ message: expect.not.stringMatching(/a{3000}/) as string }) as Error;
    expect(() => freely("{{ raise_exception('a' * 1000000) }}")).toThrow(refused);
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
