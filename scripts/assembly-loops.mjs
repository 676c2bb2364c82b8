/**
 * Finds marked loops in the assembly that GCC writes for a level compiled with TURNWISE_MODEL
 * (native/kernels/neon/model_loop.h), and lays one run through a loop out as a straight line, the loops inside as many
 * times as they run: the form that llvm-mca reads. Text only; nothing is run here.
 */

const MARK = /turnwise-model (\S+) (outer|middle|inner) (\d+)/;
const LABEL = /^(\.?\w+):/;
/** A branch that ends a loop: to a label of this function. */
const BRANCH = /^\t(?:b\.?(?:eq|ne|lt|le|gt|ge|hi|hs|lo|ls|cc|cs|mi|pl|any|none)?|cbn?z|tbn?z)\t(?:.*, ?)?(\.L\w+)$/;

/**
 * The marked outer loops of an assembly text, each `{ symbol, kernel, width, body }`: `body` is an array of lines and, in
 * their places, of the loops inside, `{ where, body }`. A loop that the compiler unrolled is part of the one around it. Throws
 * where a loop inside has no mark: how often it runs cannot be known.
 */
export function findMarkedLoops(assembly) {
  return functionsOf(assembly).flatMap(({ symbol, lines }) =>
    lines.flatMap((line, index) => {
      const [, kernel, where, width] = MARK.exec(line) ?? [];
      const loop = where === "outer" ? loopAround(lines, index) : null;
      if (loop === null) return [];
      const name = `${symbol}: the loop ${kernel} of width ${width}`;
      return [{ symbol, kernel, width: Number(width), body: bodyOf(lines, loop, name) }];
    }),
  );
}

/** One pass of a loop's body. `repeats`: how often the loops inside run, by their marks. */
export function straightLine(body, repeats) {
  return body.flatMap((part) => {
    if (typeof part === "string") return [part];
    const times = repeats[part.where];
    if (times === undefined) throw new Error(`nobody says how often a loop marked ${part.where} runs`);
    const once = straightLine(part.body, repeats);
    return Array.from({ length: times }, () => once).flat();
  });
}

function bodyOf(lines, loop, name) {
  const body = [];
  let at = loop.begin;
  for (const nested of loopsInside(lines, loop)) {
    body.push(...instructions(lines, at, nested.begin - 1));
    body.push({ where: markOf(lines, nested, name), body: bodyOf(lines, nested, name) });
    at = nested.end + 1;
  }
  return [...body, ...instructions(lines, at, loop.end)];
}

/** Of the marks that stand in a loop and in none inside it, the outermost: others are of loops that were unrolled into it. */
function markOf(lines, loop, name) {
  const isOwn = (at) => MARK.test(lines[at]) && loopAround(lines, at)?.begin === loop.begin;
  for (let at = loop.begin; at <= loop.end; at += 1) if (isOwn(at)) return MARK.exec(lines[at])[2];
  throw new Error(`${name} has one inside without a mark: ${String(lines[loop.begin])}`);
}

function functionsOf(assembly) {
  const found = [];
  let current = null;
  for (const line of assembly.split("\n")) {
    const label = LABEL.exec(line)?.[1];
    if (label !== undefined && !label.startsWith(".")) found.push((current = { symbol: label, lines: [] }));
    current?.lines.push(line);
  }
  return found;
}

/** Lines of labels. */
function labelsOf(lines) {
  const labels = new Map();
  lines.forEach((line, index) => {
    const label = LABEL.exec(line)?.[1];
    if (label !== undefined) labels.set(label, index);
  });
  return labels;
}

/** First and last lines of the loops that begin and end inside a loop and in no other inside it, in their order. */
function loopsInside(lines, { begin, end }) {
  const labels = labelsOf(lines);
  const inside = [];
  for (let at = begin + 1; at < end; at += 1) {
    const target = labels.get(BRANCH.exec(lines[at])?.[1]);
    if (target !== undefined && target > begin && target < at) inside.push({ begin: target, end: at });
  }
  return inside
    .filter((loop) => !inside.some((other) => other !== loop && other.begin <= loop.begin && other.end >= loop.end))
    .toSorted((one, other) => one.begin - other.begin);
}

/**
 * First and last line of the innermost loop that holds line `at`, or null: of all that a branch back ends, the one that
 * begins last. A branch further back, out of a block that leaves the loop, may stand before its own.
 */
function loopAround(lines, at) {
  const labels = labelsOf(lines);
  let found = null;
  for (let end = at; end < lines.length; end += 1) {
    const begin = labels.get(BRANCH.exec(lines[end])?.[1]);
    if (begin !== undefined && begin <= at && begin > (found?.begin ?? -1)) found = { begin, end };
  }
  return found;
}

/** Without labels, directives, comments, and branches: what a straight line runs. */
function instructions(lines, begin, end) {
  return (
    lines
      .slice(begin, end + 1)
      .filter((line) => line.startsWith("\t") && !/^\t(\.|\/\/|#)/.test(line) && !BRANCH.test(line))
      // GCC writes negative bytes with 64 bits, which LLVM's assembler refuses.
      .map((line) => line.trim().replace(/0xf{14}([0-9a-f]{2})$/, "0x$1"))
  );
}
