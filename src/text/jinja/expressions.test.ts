/** Expressions, methods and attributes of templates, with what Python's jinja2 gives for them. */

import { describe, expect, it } from "vitest";

import { JINJA_VARIABLES } from "../../../test/support/jinja-variables.ts";
import { parseJinja } from "./program.ts";

const RENDERED: readonly (readonly [template: string, text: string])[] = [
  [
    "{{ 7 // 2 }} {{ -7 // 2 }} {{ 7 % 3 }} {{ -7 % 3 }} {{ 7 / 2 }} {{ 4 / 2 }} {{ 2 ** 3 ** 2 }} {{ 2 ** -1 }}",
    "3 -4 1 2 3.5 2.0 64 0.5",
  ],
  [
    "{{ 1.0 }} {{ 1e20 }} {{ 0.1 + 0.2 }} {{ 1e-5 }} {{ 12345678901234567.0 }} {{ 1.5e300 * 2 }} {{ f }}",
    "1.0 1e+20 0.30000000000000004 1e-05 1.2345678901234568e+16 3e+300 2.5",
  ],
  [
    "{{ 1 < 2 < 3 }} {{ 1 < 2 > 3 }} {{ 1 == 1.0 }} {{ true == 1 }} {{ 'a' < 'b' }} {{ [1,2] < [1,3] }} {{ (1,) < (1,2) }}",
    "True False True True True True True",
  ],
  [
    "{{ 'a' ~ 1 ~ none ~ true ~ 1.5 }} {{ 'a' * 3 }} {{ [1] * 2 }} {{ [1] + [2] }} {{ (1,2) + (3,) }}",
    "a1NoneTrue1.5 aaa [1, 1] [1, 2] (1, 2, 3)",
  ],
  [
    "{{ l }} {{ d }} {{ (1,) }} {{ (1,2) }} {{ () }} {{ none }} {{ true }} {{ [s, \"it's\", 'q\"', 'a\\nb\\t\\\\', 'é\\x00\\u200b'] }}",
    "[3, 1, 2, None, 'a'] {'b': 1, 'a': [1, 2], 'z': None, 'items': 7} (1,) (1, 2) () None True ['Hello, Wörld 😀x', \"it's\", 'q\"', 'a\\nb\\t\\\\', 'é\\x00\\u200b']",
  ],
  ["{{ {1: 'a', 1.0: 'b', true: 'c'} }} {{ {(1,2): 3}[(1,2)] }} {{ {1:'x'}[1] }}", "{1: 'c'} 3 x"],
  ['{{ "a\\nb\\tc\\x41\\u00e9\\\\d\\q" }}{{ \'it\\\'s\' }}{{ "a" "b" \'c\' }}', "a\nb\tcAé\\d\\qit'sabc"],
  [
    "{{ l[1:] }} {{ l[:-1] }} {{ l[::2] }} {{ l[::-1] }} {{ l[5:] }} {{ l[-100:2] }} {{ (1,2,3)[1:] }} {{ l[10:0:-1] }}",
    "[1, 2, None, 'a'] [3, 1, 2, None] [3, 2, 'a'] ['a', None, 2, 1, 3] [] [3, 1] (2, 3) ['a', None, 2, 1]",
  ],
  [
    "{{ 'a,b,c'.split(',') }} {{ 'a,b,c'.split(',', 1) }} {{ words.split() }} {{ words.split(none, 1) }} {{ 'a,b,c'.rsplit(',', 1) }} {{ words.rsplit(none, 1) }} {{ ''.split() }} {{ ''.split(',') }}",
    "['a', 'b', 'c'] ['a', 'b,c'] ['one', 'two', 'three'] ['one', 'two  three '] ['a,b', 'c'] ['  one two', 'three'] [] ['']",
  ],
  [
    "{{ 'abc'.isalpha() }} {{ '12'.isdigit() }} {{ 'a1'.isalnum() }} {{ ' '.isspace() }} {{ 'AB'.isupper() }} {{ 'ab'.islower() }} {{ ''.isalpha() }} {{ 'abc'.removeprefix('a') }} {{ 'abc'.removesuffix('c') }}",
    "True True True True True True False bc ab",
  ],
  ["{{ s.__class__ }}", ""],
  ["{{ nest.x.y[0].z }} {{ nest['x']['y'][0]['z'] }} {{ nest.x.y.0.z }} {{ [[1,2]].0.1 }}", "1 1 1 2"],
  [
    "{{ not n }} {{ not e and t }} {{ e or 'x' }} {{ n and s[:1] }} {{ not not n }} {{ n not in nums }} {{ not n in nums }} {{ 2 in nums and 1 not in nums }}",
    "False True x H True True True True",
  ],
  [
    "{{ [1,2,3] == [1,2,3] }} {{ {'a':1} == {'a':1.0} }} {{ (1,2) == [1,2] }} {{ none == false }} {{ '' == none }} {{ undefinedthing == undefinedthing2 }} {{ 'a' != 'b' }}",
    "True True False False False True True",
  ],
  [
    "{{ l is defined and l[0] is number }} {{ 'x' if n is defined and n else 'y' }} {{ 'a' if e else 'b' if no else 'c' }}",
    "True x c",
  ],
  [
    "{{ 10 // 3.0 }} {{ 10 % 3.5 }} {{ -10 % 3 }} {{ 10.0 / 4 }} {{ 3 * 1.0 }} {{ 1_000 }} {{ 0x10 }} {{ 0b11 }}",
    "3.0 3.0 2 2.5 3.0 1000 16 3",
  ],
  [
    "{{ 'abc'.replace('', '-') }} {{ 'abc'.replace('', '-', 2) }} {{ 'ab😀'.replace('', '-') }} {{ 'aaa'.replace('aa', 'b') }} {{ 'abc'.count('') }} {{ 'aaaa'.count('aa') }}",
    "-a-b-c- -a-bc -a-b-😀- ba 4 2",
  ],
  [
    "{{ 'a,b,c'.rsplit(',', 0) }} {{ ' a  b '.rsplit(none, 0) }} {{ ' a  b '.split(none, 0) }} {{ ' a  b  c '.rsplit(none, 1) }} {{ ' a  b  c '.split(none, 1) }} {{ 'a,b,'.split(',') }} {{ ',a'.rsplit(',', 5) }}",
    "['a,b,c'] [' a  b'] ['a  b '] [' a  b', 'c'] ['a', 'b  c '] ['a', 'b', ''] ['', 'a']",
  ],
  [
    "{{ {(1, 'a'): 2}[(1.0, 'a')] }} {{ {('a', 'b'): 1, ('a,', 'b'): 2, (('a',), 'b'): 3} | length }} {{ {('1',): 1, (1,): 2} | length }} {{ {'\\0(': 1, (): 2} | length }}",
    "2 3 2 2",
  ],
  [
    "{{ 'a😀b'[-2] }} {{ 'a😀b'[1:2] }} {{ 'a😀b'[:-1] }} {{ 'a😀b'[5:] }}|{{ 'a😀b'[::-1] }} {{ 'ab'[-3] is defined }} {{ 'a😀b'[1:-5] }}|",
    "😀 😀 a😀 |b😀a False |",
  ],
  [
    "{{ 'ab cd-ef'.title() }} {{ 'Ab Cd 1e'.swapcase() }} {{ 'a\\r\\nb\\n\\nc'.splitlines() }} {{ ''.splitlines() }} {{ '\\n'.splitlines() }}",
    "Ab Cd-Ef aB cD 1E ['a', 'b', '', 'c'] [] ['']",
  ],
  ["{{ [] * 1000000000 }}{{ '' * 1000000000 }}", "[]"],
  ["{{ {'a': 1, 'b': 2} == {'b': 2.0, 'a': 1} }} {{ {'a': 1} == {'b': 1} }}", "True False"],
];

const FAILING: readonly (readonly [template: string, message: string])[] = [
  ["{{ undefinedthing.x }}", "'undefinedthing' is undefined"],
  ["{{ d.missing.x }}", "'dict object' has no attribute 'missing'"],
  ["{{ d['missing']['x'] }}", "'dict object' has no attribute 'missing'"],
  ["{{ l[10].x }}", "list object has no element 10"],
  ["{{ no.x.y }}", "'None' has no attribute 'x'"],
  ["{{ undefinedthing + 1 }}", "'undefinedthing' is undefined"],
  ["{{ undefinedthing() }}", "'undefinedthing' is undefined"],
  ["{{ s() }}", "'str' object is not callable"],
  ["{{ d.a() }}", "'list' object is not callable"],
  ["{{ 1 + 'a' }}", "unsupported operand type(s) for +: 'int' and 'str'"],
  ["{{ 'a' + 1 }}", 'can only concatenate str (not "int") to str'],
  ["{{ [] + 1 }}", 'can only concatenate list (not "int") to list'],
  ["{{ 1 / 0 }}", "division by zero"],
  ["{{ 1 < 'a' }}", "'<' not supported between instances of 'int' and 'str'"],
  ["{{ 1 in 'abc' }}", "'in <string>' requires string as left operand, not int"],
  ["{{ 1 in 5 }}", "argument of type 'int' is not iterable"],
  ["{{ 'a' in undefinedthing }}{{ 1 in none }}", "argument of type 'NoneType' is not iterable"],
  ["{{ {[1]: 2} }}", "unhashable type: 'list'"],
  ["{{ range(200000) }}", "Range too big. The sandbox blocks ranges larger than MAX_RANGE (100000)."],
  ["{{ range(1,2,0) }}", "range() arg 3 must not be zero"],
  ["{{ namespace(a=1).b.c }}", "'jinja2.utils.Namespace object' has no attribute 'b'"],
  ["{{ ','.join([1,2]) }}", "sequence item 0: expected str instance, int found"],
  ["{{ 'abc'.index('z') }}", "substring not found"],
  ["{{ 'a'.ljust(5, 'xy') }}", "The fill character must be exactly one character long"],
  ["{{ 'a'.append(1) }}", "'str object' has no attribute 'append'"],
  ["{{ l.append(1) }}", "access to attribute 'append' of 'list' object is unsafe."],
  ["{{ d.update({'x':1}) }}", "access to attribute 'update' of 'dict' object is unsafe."],
  ["{{ d.pop('a') }}", "access to attribute 'pop' of 'dict' object is unsafe."],
  ["{{ s.__class__.x }}", "access to attribute '__class__' of 'str' object is unsafe."],
  ["{{ s.foo.bar }}", "'str object' has no attribute 'foo'"],
  ["{{ l.foo.bar }}", "'list object' has no attribute 'foo'"],
  ["{{ n.foo.bar }}", "'int object' has no attribute 'foo'"],
  ["{{ '%s %s' % 'x' }}", "not enough arguments for format string"],
  ["{{ '%d' % 'x' }}", "%d format: a real number is required, not str"],
  ["{{ raise_exception('boom ' ~ n) }}", "boom 3"],
  ["{{ caller() }}", "'caller' is undefined"],
  ["{{ loop.index }}", "'loop' is undefined"],
  ["{{ nums.index(9) }}{{ nums.count(5) }}{{ (1,2).index(2) }}{{ nums.index(77) }}", "77 is not in list"],
  ["{{ nosuch.method() }}", "'nosuch' is undefined"],
  ["{{ d.nosuch() }}", "'dict object' has no attribute 'nosuch'"],
  ["{{ (none).foo() }}", "'None' has no attribute 'foo'"],
  ["{{ 'x'.nosuch() }}\n", "'str object' has no attribute 'nosuch'"],
];

const REFUSED: readonly string[] = ["{{ n is nosuchtest }}", "{{ n", "{{ (1, 2 }}", "{{ a.b.c[ }}"];

const run = (template: string): string => parseJinja(template).run(JINJA_VARIABLES, new Date());

describe("expressions, methods and attributes", () => {
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
