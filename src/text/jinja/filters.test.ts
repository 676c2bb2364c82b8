/** Filters and tests of templates, with what Python's jinja2 gives for them. */

import { describe, expect, it } from "vitest";

import { JINJA_VARIABLES } from "../../../test/support/jinja-variables.ts";
import { parseJinja } from "./program.ts";

const RENDERED: readonly (readonly [template: string, text: string])[] = [
  ["{{ -n }} {{ +n }} {{ -f }} {{ - n | abs }} {{ -2 ** 2 }}", "-3 3 -2.5 3 4"],
  ["{{ 1 if e }}|{{ 1 if n else 2 }}|{{ (1 if e) is undefined }}", "|1|True"],
  [
    "{{ undefinedthing }}|{{ undefinedthing is defined }}|{{ undefinedthing | default('d') }}|{{ e | default('d', true) }}|{{ no | default('d') }}",
    "|False|d|d|None",
  ],
  [
    "{{ undefinedthing | length }}{{ undefinedthing | list }}{{ undefinedthing | join }}{{ undefinedthing | trim }}{{ undefinedthing | upper }}",
    "0[]",
  ],
  [
    "{{ d.items() | list }} {{ d.keys() | list }} {{ d.values() | list }} {{ d.get('b') }} {{ d.get('q') }} {{ d.get('q', 5) }} {{ d.get('z', 5) }}",
    "[('b', 1), ('a', [1, 2]), ('z', None), ('items', 7)] ['b', 'a', 'z', 'items'] [1, [1, 2], None, 7] 1 None 5 None",
  ],
  [
    "{{ range(3) | list }} {{ range(1,4) | list }} {{ range(5,0,-2) | list }} {{ range(0) | list }}",
    "[0, 1, 2] [1, 2, 3] [5, 3, 1] []",
  ],
  [
    "{{ s | upper }} {{ s | lower }} {{ s | length }} {{ s[0] }} {{ s[-1] }} {{ s[-2] }} {{ s[:5] }} {{ s[::-1] }} {{ s[7:13] }} {{ s[-3:] }} {{ s[1:8:2] }}",
    "HELLO, WÖRLD 😀X hello, wörld 😀x 15 H x 😀 Hello x😀 dlröW ,olleH Wörld   😀x el,W",
  ],
  [
    "{{ ' ab '.strip() }}|{{ ' ab '.lstrip() }}|{{ ' ab '.rstrip() }}|{{ 'xxaxx'.strip('x') }}|{{ 'abc'.replace('b','x') }}|{{ 'aaa'.replace('a','b',2) }}|{{ 'abc'.startswith('ab') }}|{{ 'abc'.endswith(('x','c')) }}|{{ 'abc'.find('c') }}|{{ 'abc'.find('z') }}|{{ 'hello world'.title() }}|{{ 'ABC def'.capitalize() }}|{{ 'aXb'.swapcase() }}",
    "ab|ab | ab|a|axc|bba|True|True|2|-1|Hello World|Abc def|AxB",
  ],
  [
    "{{ 'a\\nb\\r\\nc\\n'.splitlines() }} {{ 'a-b-c'.partition('-') }} {{ 'a-b-c'.rpartition('-') }} {{ 'abc'.count('b') }} {{ '-'.join(['a','b']) }} {{ '5'.zfill(3) }} {{ '-5'.zfill(4) }} {{ 'a'.ljust(3) }}| {{ 'a'.rjust(3,'.') }} {{ 'ab'.center(5) }}|",
    "['a', 'b', 'c'] ('a', '-', 'b-c') ('a-b', '-', 'c') 1 a-b 005 -005 a  | ..a   ab |",
  ],
  ["{{ s.foo }}|{{ s.foo is defined }}", "|False"],
  [
    "{{ '{} {}'.format(1,'a') }} {{ '{1} {0} {x}'.format(1,2,x=3) }} {{ '{:>5}|{:<5}|{:^5}'.format('a','b','c') }} {{ '{:.2f} {:05d} {:,}'.format(3.14159, 42, 1234567) }} {{ '{{}}'.format() }} {{ '{!r}'.format('a') }}",
    "1 a 2 1 3     a|b    |  c   3.14 00042 1,234,567 {} 'a'",
  ],
  [
    "{{ '%s %d %.2f %5d|%-5s|%05d %x %%' % ('a', 3, 2.5, 4, 'b', 42, 255) }} {{ '%s' % 'x' }} {{ '%s' % none }} {{ '%r' % 'x' }}",
    "a 3 2.50     4|b    |00042 ff % x None 'x'",
  ],
  [
    '{{ l | tojson }} {{ d | tojson }} {{ s | tojson }} {{ html | tojson }} {{ 1.0 | tojson }} {{ f | tojson }} {{ (1,2) | tojson }} {{ "é\\u2028\\x7f\\n\\"\\\\" | tojson }}',
    '[3, 1, 2, null, "a"] {"b": 1, "a": [1, 2], "z": null, "items": 7} "Hello, Wörld 😀x" "<a href=\'x\'>&\\"</a>" 1.0 2.5 [1, 2] "é\u2028\x7f\\n\\"\\\\"',
  ],
  [
    "{{ d | tojson(indent=2) }}\n{{ [] | tojson(indent=2) }}{{ {} | tojson(indent=2) }}{{ [[],{}] | tojson(indent=4) }}",
    '{\n  "b": 1,\n  "a": [\n    1,\n    2\n  ],\n  "z": null,\n  "items": 7\n}\n[]{}[\n    [],\n    {}\n]',
  ],
  [
    "{{ d | tojson(sort_keys=true) }} {{ d | tojson(separators=(',',':')) }} {{ s | tojson(ensure_ascii=true) }} {{ {1:2, none:3, true:4} | tojson }}",
    '{"a": [1, 2], "b": 1, "items": 7, "z": null} {"b":1,"a":[1,2],"z":null,"items":7} "Hello, W\\u00f6rld \\ud83d\\ude00x" {"1": 4, "null": 3}',
  ],
  [
    "{{ html | e }} {{ html | escape }} {{ (html | safe) | e }} {{ '<' | safe + '<' }} {{ ('<' | safe) ~ '<' }} {{ ['<', '>' | safe] | join(',') }}",
    "&lt;a href=&#39;x&#39;&gt;&amp;&#34;&lt;/a&gt; &lt;a href=&#39;x&#39;&gt;&amp;&#34;&lt;/a&gt; <a href='x'>&\"</a> <&lt; << <,>",
  ],
  [
    "{{ 'a b' | urlencode }} {{ {'a b': 'c/d'} | urlencode }} {{ 'a/b é' | urlencode }}",
    "a%20b a+b=c%2Fd a/b%20%C3%A9",
  ],
  [
    "{{ words | trim }}|{{ 'xxa' | trim('x') }}|{{ 'hello world-foo (bar' | title }}|{{ 'hELLO' | capitalize }}|{{ 'aXa' | replace('a','b') }}|{{ 'aXa' | replace('a','b',1) }}|{{ 5 | string }}|{{ l | string }}",
    "one two  three|a|Hello World-Foo (Bar|Hello|bXb|bXa|5|[3, 1, 2, None, 'a']",
  ],
  [
    "{{ ml | indent }}|{{ ml | indent(2, true) }}|{{ ml | indent(2, blank=true) }}|{{ ml | indent('>>') }}",
    "a\n    b\n\n    c|  a\n  b\n\n  c|a\n  b\n  \n  c|a\n>>b\n\n>>c",
  ],
  [
    "{{ nums | sort }} {{ nums | sort(reverse=true) }} {{ ['b','A','c'] | sort }} {{ ['b','A','c'] | sort(case_sensitive=true) }} {{ ds | sort(attribute='k') | map(attribute='v') | list }}",
    "[2, 5, 9] [9, 5, 2] ['A', 'b', 'c'] ['A', 'b', 'c'] [1, 2, None]",
  ],
  [
    "{{ nums | max }} {{ nums | min }} {{ nums | sum }} {{ [] | max }} {{ ds[:2] | sum(attribute='v') }} {{ ds[:2] | max(attribute='v') }} {{ ['b','A'] | min }}",
    "9 2 16  3 {'k': 'b', 'v': 2} A",
  ],
  [
    "{{ [1,2,1,'a','A'] | unique | list }} {{ nums | reverse | list }} {{ 'abc' | reverse }} {{ nums | first }} {{ nums | last }} {{ [none] | first }} {{ [] | first }}",
    "[1, 2, 'a'] [9, 2, 5] cba 5 9 None ",
  ],
  [
    "{{ ds | map(attribute='k') | list }} {{ ds | map(attribute='q', default='x') | list }} {{ ['a','b'] | map('upper') | list }} {{ [' a '] | map('trim') | join('|') }} {{ [1,2] | map('string') | list }}",
    "['b', 'A', 'b'] ['x', 'x', 'x'] ['A', 'B'] a ['1', '2']",
  ],
  [
    "{{ l | select | list }} {{ l | reject | list }} {{ nums | select('odd') | list }} {{ nums | select('>', 3) | list }} {{ ds | selectattr('v') | list }} {{ ds | selectattr('k','equalto','b') | list }} {{ ds | rejectattr('v','none') | map(attribute='v') | list }} {{ l | select('string') | list }}",
    "[3, 1, 2, 'a'] [None] [5, 9] [5, 9] [{'k': 'b', 'v': 2}, {'k': 'A', 'v': 1}] [{'k': 'b', 'v': 2}, {'k': 'b', 'v': None}] [2, 1] ['a']",
  ],
  ["{{ no | select | list }} {{ no | map('upper') | list }} {{ undefinedthing | selectattr('x') | list }}", "[] [] []"],
  [
    "{{ [1,2,3,4,5] | batch(2) | list }} {{ [1,2,3] | batch(2, 0) | list }} {{ [1,2,3,4,5] | slice(2) | list }} {{ [1,2,3] | slice(2, 'x') | list }}",
    "[[1, 2], [3, 4], [5]] [[1, 2], [3, 0]] [[1, 2, 3], [4, 5]] [[1, 2], [3, 'x']]",
  ],
  [
    "{{ '42' | int }} {{ 'x' | int }} {{ 'x' | int(7) }} {{ '3.9' | int }} {{ 3.9 | int }} {{ '0x1f' | int(base=16) }} {{ '1.5' | float }} {{ 'x' | float }} {{ 5 | float }} {{ true | int }} {{ none | int }}",
    "42 0 7 3 3 31 1.5 0.0 5.0 1 0",
  ],
  [
    "{{ 2.567 | round(1) }} {{ 2.5 | round }} {{ 3.5 | round }} {{ 2.1 | round(method='ceil') }} {{ 2.9 | round(0,'floor') }} {{ 42 | round }} {{ -2 | abs }} {{ -2.5 | abs }}",
    "2.6 2.0 4.0 3.0 2.0 42 2 2.5",
  ],
  [
    "{{ 'a b c' | wordcount }} {{ '<b>x</b>  y' | striptags }} {{ 'abc' | center(7) }}| {{ 'hello world foo' | truncate(8) }} {{ 'hello world foo' | truncate(8, true, '..', 0) }} {{ '%s-%s' | format(1,2) }} {{ 'abc' | list }} {{ d | list }} {{ d | length }} {{ d | items | list }} {{ d | first }}",
    "3 x y   abc  | hello... hello .. 1-2 ['a', 'b', 'c'] ['b', 'a', 'z', 'items'] 4 [('b', 1), ('a', [1, 2]), ('z', None), ('items', 7)] b",
  ],
  [
    "{{ n is number }} {{ f is float }} {{ n is integer }} {{ t is integer }} {{ t is boolean }} {{ t is number }} {{ s is string }} {{ d is mapping }} {{ l is sequence }} {{ s is sequence }} {{ d is sequence }} {{ s is iterable }} {{ n is iterable }} {{ d is iterable }} {{ none is none }} {{ n is none }} {{ t is true }} {{ 1 is true }} {{ false is false }} {{ n is odd }} {{ n is even }} {{ 9 is divisibleby 3 }} {{ 9 is divisibleby(2) }} {{ 'A' is upper }} {{ 'a' is lower }} {{ 2 is in [1,2] }} {{ n is eq 3 }} {{ n is sameas 3 }} {{ n is gt 2 }} {{ n is ne 2 }} {{ undefinedthing is undefined }} {{ range is callable }} {{ n is not none }} {{ (html|safe) is escaped }}",
    "True True True False True True True True True True True True False True True False True False True True False True False True True True True True True True True True True True",
  ],
  [
    '{{ "😀😃"[1] }} {{ "😀😃" | length }} {{ "a😀b".find("b") }} {{ "a😀b"[1:] }} {{ "😀" < "\\uffff" }}',
    "😃 2 2 😀b False",
  ],
  ["{{ [1, 2, ] }} {{ {'a': 1, } }} {{ (1, 2, ) }} {{ range(1, 3, ) | list }}", "[1, 2] {'a': 1} (1, 2) [1, 2]"],
  ['{{ "%s" | format("x") }}{{ "a" in d }}{{ "a" in ["a"] }}{{ "ell" in s }}{{ none in [none] }}', "xTrueTrueTrueTrue"],
  [
    "{{ d | tojson | length }}{{ 'abc' | first }}{{ 'abc' | last }}{{ 123 | string | length }}{{ [1,[2,[3]]] | tojson }}",
    "44ac3[1, [2, [3]]]",
  ],
  [
    "{{ (nums | map('string') | list)[0] }}{{ nums | join(', ') }}{{ nums | join }}{{ ds | join(',', attribute='k') }}",
    "55, 2, 9529b,A,b",
  ],
  [
    "{{ s.split(' ')[-1] }} {{ s.split(',') | map('trim') | join('/') }} {{ s.replace(',', '').split() | length }}",
    "😀x Hello/Wörld 😀x 3",
  ],
  [
    "{{ 'abc' | replace('', '-') }} {{ [(1, 2), (1, 2.0), (2,)] | unique | list }} {{ 'a😀b' | last }} {{ 'a😀b' | first }} {{ '😀😀😀😀 x' | truncate(4, true, '..', 0) }}",
    "-a-b-c- [(1, 2), (2,)] b a 😀😀..",
  ],
  [
    "{{ '<p>a<!-- b <i> -->c</p>  d' | striptags }} {{ 'a < b' | striptags }} {{ 'x<a<b>y' | striptags }} {{ 'ab cd-ef' | title }} {{ 'a' | indent(-1) }}",
    "ac d a < b xy Ab Cd-Ef a",
  ],
  [
    "{{ {'b': {'y': [1, {}]}, 'a': []} | tojson(indent=1, sort_keys=true) }} {{ 'é😀\\x7f' | tojson(ensure_ascii=true) }}",
    '{\n "a": [],\n "b": {\n  "y": [\n   1,\n   {}\n  ]\n }\n} "\\u00e9\\ud83d\\ude00\\u007f"',
  ],
  ["{{ 'a&b*' | urlencode }} {{ [('a', 1), ('b c', 'd')] | urlencode }}", "a%26b%2A a=1&b+c=d"],
];

const FAILING: readonly (readonly [template: string, message: string])[] = [
  ["{{ none | length }}", "object of type 'NoneType' has no len()"],
  ["{{ undefinedthing | tojson }}", "Object of type Undefined is not JSON serializable"],
  ["{{ '\\ud800' | urlencode }}", "surrogate"],
  ["{{ l | sort }}", "'<' not supported between instances of 'NoneType' and 'int'"],
  ["{{ (l | select) | length }}", "object of type 'generator' has no len()"],
  [
    "{{ -1 | abs }} {{ (-1) | abs }} {{ -f | abs }} {{ 1 - 2 - 3 }} {{ 2 * 3 + 4 }} {{ 'a' ~ 1 + 2 }}",
    'can only concatenate str (not "int") to str',
  ],
];

const REFUSED: readonly string[] = ["{{ n | nosuchfilter }}"];

const run = (template: string): string => parseJinja(template).run(JINJA_VARIABLES, new Date());

describe("filters and tests", () => {
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
