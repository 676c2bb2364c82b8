/** Variables of the templates whose output Python's jinja2 3.1.6 gave, in its immutable sandbox with trim_blocks and lstrip_blocks. */

export const JINJA_VARIABLES: Readonly<Record<string, unknown>> = {
  n: 3,
  f: 2.5,
  s: "Hello, Wörld 😀x",
  e: "",
  l: [3, 1, 2, null, "a"],
  nums: [5, 2, 9],
  d: { b: 1, a: [1, 2], z: null, items: 7 },
  ds: [
    { k: "b", v: 2 },
    { k: "A", v: 1 },
    { k: "b", v: null },
  ],
  t: true,
  no: null,
  html: "<a href='x'>&\"</a>",
  nest: { x: { y: [{ z: 1 }] } },
  words: "  one two  three ",
  ml: "a\nb\n\nc",
};
