/** Statements, scopes and white space of templates, with what Python's jinja2 gives for them. */

import { describe, expect, it } from "vitest";

import { JINJA_VARIABLES } from "../../../test/support/jinja-variables.ts";
import { parseJinja } from "./program.ts";

const RENDERED: readonly (readonly [template: string, text: string])[] = [
  ["{% for x in undefinedthing %}x{% else %}empty{% endfor %}", "empty"],
  ["{% for k, v in d.items() %}{{ k }}={{ v }};{% endfor %}", "b=1;a=[1, 2];z=None;items=7;"],
  [
    "{% for k, v in d | dictsort %}{{ k }};{% endfor %}{% for k, v in {1:2, 'a':3}.items() %}{{ k }}{{ v }}{% endfor %}",
    "a;b;items;z;12a3",
  ],
  ["{% for (a, b), c in [((1,2),3)] %}{{ a }}{{ b }}{{ c }}{% endfor %}", "123"],
  [
    "{% for x in nums %}{{ loop.index }}{{ loop.index0 }}{{ loop.revindex }}{{ loop.revindex0 }}{{ loop.first }}{{ loop.last }}{{ loop.length }}{{ loop.previtem }}{{ loop.nextitem }}{{ loop.cycle('a','b') }}{{ loop.depth }};{% endfor %}",
    "1032TrueFalse32a1;2121FalseFalse359b1;3210FalseTrue32a1;",
  ],
  ["{% for x in nums if x > 2 %}{{ loop.index }}/{{ loop.length }}:{{ x }} {% endfor %}", "1/2:5 2/2:9 "],
  [
    "{% for x in l recursive %}{{ x }}{% endfor %}{% for x in [[1,[2]],3] recursive %}{% if x is number %}{{ x }}@{{ loop.depth }}{% else %}({{ loop(x) }}){% endif %}{% endfor %}",
    "312Nonea(1@2(2@3))3@1",
  ],
  ["{% for x in [1,1,2] %}{{ loop.changed(x) }}{% endfor %}", "TrueFalseTrue"],
  [
    "{% for x in range(10) %}{% if x == 2 %}{% continue %}{% endif %}{% if x == 5 %}{% break %}{% endif %}{{ x }}{% endfor %}",
    "0134",
  ],
  ["{% set x = 1 %}{% for i in [1,2] %}{% set x = x + i %}{{ x }}{% endfor %}{{ x }}", "231"],
  ["{% for i in [1,2] %}{{ y is defined }}{% set y = i %}{% endfor %}{{ y is defined }}", "FalseFalseFalse"],
  [
    "{% set ns = namespace(a=1, b=[]) %}{% for i in [1,2] %}{% set ns.a = ns.a + i %}{% endfor %}{{ ns.a }} {{ ns.c }} {{ ns.c is defined }}",
    "4  False",
  ],
  ["{% set x, y = 1, 2 %}{{ x }}{{ y }}{% set z = 1, %}{{ z }}", "12(1,)"],
  ["{% set q %}a {{ n }} b{% endset %}[{{ q }}]{% set w | upper | trim %} abc {% endset %}[{{ w }}]", "[a 3 b][ABC]"],
  ["{% if true %}{% set inner = 1 %}{% endif %}{{ inner }}", "1"],
  [
    "{% macro m(a, b=2, c='x') %}{{ a }}-{{ b }}-{{ c }}{% endmacro %}{{ m(1) }} {{ m(1, c=3) }} {{ m(1,2,3) }} {{ m() }} {{ m(a=none) }}",
    "1-2-x 1-2-3 1-2-3 -2-x None-2-x",
  ],
  ["{% macro m(a) %}{{ varargs }}{{ kwargs }}{% endmacro %}{{ m(1,2,x=3) }}", "(2,){'x': 3}"],
  ["{% macro m(a) %}[{{ caller(a) }}]{% endmacro %}{% call(x) m(5) %}got {{ x }}{% endcall %}", "[got 5]"],
  ["{% macro f(x) %}{% if x > 0 %}{{ x }}{{ f(x-1) }}{% endif %}{% endmacro %}{{ f(5) }}", "54321"],
  ["{% macro outer() %}{{ v1 }}{% endmacro %}{% set v1 = 'late' %}{{ outer() }}", "late"],
  ["{% filter upper %}abc {{ n }}{% endfilter %}{% filter replace('a','b') | upper %}aaa{% endfilter %}", "ABC 3BBB"],
  ["{% with a=1, b=2 %}{{ a }}{{ b }}{% endwith %}{{ a }}", "12"],
  ["{% raw %}{{ x }} {% if %}{% endraw %} {%- raw -%}  a  {%- endraw -%}  b", "{{ x }} {% if %}ab"],
  ["a{# comment #}b{#- c -#}  d\n{# line #}\ne", "abd\ne"],
  ["  {% if true %}\n  x\n  {% endif %}\ny\n  {%+ if true %}z{%+ endif %}\nw", "  x\ny\n  zw"],
  ["{% if true -%}\n   a\n{%- endif %}\nb", "ab"],
  ["  {{ 1 }}\n  {{- 2 -}}\n  3", "  123"],
  ["{% if [] | select %}yes{% endif %}{{ ([] | select | list) or 'no' }}", "yesno"],
  ["{% for k, g in ds | groupby('k') %}{{ k }}:{{ g | length }} {% endfor %}", "A:1 b:2 "],
  [
    "{{ dict(a=1, b=2) }} {{ dict([('x', 1)]) }} {% set c = cycler('a','b') %}{{ c.next() }}{{ c.current }}{{ c.next() }}{{ c.next() }} {% set j = joiner('|') %}{{ j() }}x{{ j() }}y{{ j() }}",
    "{'a': 1, 'b': 2} {'x': 1} abba x|y|",
  ],
  [
    "{% set args = [1,2] %}{% macro m(a,b) %}{{ a }}{{ b }}{% endmacro %}{{ m(*args) }}{{ m(**{'a':3,'b':4}) }}",
    "1234",
  ],
  ['{%- set content = "x" -%}\n{%- if content is string %}\n  {{- content }}\n{%- endif %}\n\nend', "x\nend"],
  ["{% for i in range(3) %}\n{{ i }}\n{% endfor %}", "0\n1\n2\n"],
  ["{% for m in ds -%}\n    {{ m.k }}\n{% endfor -%}\n   tail", "b\nA\nb\ntail"],
  ["{% for x in nums %}{% set _ = x %}{{ _ }}{% endfor %}{% set _x = 1 %}{{ _x }}", "5291"],
  ["{% set x = [] %}{% set x = x + [1] %}{{ x }}{% set y = x %}{{ y }}", "[1][1]"],
  [
    "{% macro a(x) %}A{{ x }}{% endmacro %}{% macro b(x) %}{{ a(x) }}B{% endmacro %}{{ b(1) | upper }} {{ a }}",
    "A1B <Macro 'a'>",
  ],
  [
    "{% for a in nums %}{% for b in nums %}{% if loop.first %}{{ a }}{% endif %}{% endfor %}{{ loop.index }}{% endfor %}",
    "512293",
  ],
];

const FAILING: readonly (readonly [template: string, message: string])[] = [
  ["{% for x in none %}{% endfor %}", "'NoneType' object is not iterable"],
  ["{% for x in 5 %}{% endfor %}", "'int' object is not iterable"],
  ["{% for a, b in [[1,2],[3]] %}{{ a }}{% endfor %}", "not enough values to unpack (expected 2, got 1)"],
  ["{% for a, b in [[1,2,3]] %}{{ a }}{% endfor %}", "too many values to unpack (expected 2)"],
  ["{% macro m(a) %}{{ a }}{% endmacro %}{{ m(1,2) }}", "macro 'm' takes not more than 1 argument(s)"],
  ["{% macro m(a) %}{{ a }}{% endmacro %}{{ m(1,b=2) }}", "macro 'm' takes no keyword argument 'b'"],
];

const REFUSED: readonly string[] = ["{% nosuchtag %}", "{% if n %}", "{% for x in %}{% endfor %}"];

const run = (template: string): string => parseJinja(template).run(JINJA_VARIABLES, new Date());

describe("statements, scopes and white space", () => {
  it.each(RENDERED)("give what Python gives: %s", (template, text) => {
    expect(run(template)).toBe(text);
  });

  it.each(FAILING)("fail with Python's message: %s", (template, message) => {
    expect(() => run(template)).toThrow(expect.objectContaining({ code: "template_failed" }));
    expect(() => run(template)).toThrow(message);
  });

  it.each(REFUSED)("are refused where Python refuses them: %s", (template) => {
    expect(() => parseJinja(template)).toThrow(expect.objectContaining({ code: "template_invalid" }));
  });
});
