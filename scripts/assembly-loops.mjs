/**
 * Finds marked loops in the assembly that GCC writes for a level compiled with TURNWISE_MODEL
 * (native/kernels/neon/model_loop.h), and lays one run through a loop out as a straight line, an inner loop as many
 * times as it runs: the form that llvm-mca reads. Text only; nothing is run here.
 */

const MARK = /turnwise-model (\S+) (outer|inner) (\d+)/;
const LABEL = /^(\.?\w+):/;
/** A branch that ends a loop: conditional, to a label of this function. */
const BRANCH = /^\t(?:b\.?(?:eq|ne|lt|le|gt|ge|hi|hs|lo|ls|cc|cs|mi|pl|any|none)?|cbn?z|tbn?z)\t(?:.*, ?)?(\.L\w+)$/;

/**
 * The marked outer loops of an assembly text, each `{ symbol, kernel, width, body, inner }`: `body` and `inner` are
 * arrays of lines, and `body` holds the inner loop's place as the element `null`. Throws where a loop has another one inside,
 * which has no mark: how often it runs cannot be known.
 */
export function findMarkedLoops(assembly) {
  return functionsOf(assembly).flatMap(({ symbol, lines }) =>
    lines.flatMap((line, index) => {
      const mark = MARK.exec(line);
      if (mark?.[2] !== "outer") return [];
      const outer = loopAround(lines, index);
      if (outer === null) return [];
      const innerMark = lines.findIndex(
        (other, at) => at > index && at < outer.end && MARK.exec(other)?.[2] === "inner",
      );
      const inner = innerMark < 0 ? null : loopAround(lines, innerMark);
      // An inner loop that the compiler unrolled is part of the body.
      const nested = inner !== null && inner.begin > outer.begin && inner.end < outer.end ? inner : null;
      for (const { begin, end } of loopsWithin(lines, outer)) {
        if (begin === nested?.begin && end === nested.end) continue;
        throw new Error(
          `${symbol}: the loop ${mark[1]} of width ${mark[3]} has one inside without a mark: ${String(lines[begin])}`,
        );
      }
      return [
        {
          symbol,
          kernel: mark[1],
          width: Number(mark[3]),
          inner: nested === null ? [] : instructions(lines, nested.begin, nested.end),
          body:
            nested === null
              ? instructions(lines, outer.begin, outer.end)
              : [
                  ...instructions(lines, outer.begin, nested.begin - 1),
                  null,
                  ...instructions(lines, nested.end + 1, outer.end),
                ],
        },
      ];
    }),
  );
}

/** One pass of a loop, its inner loop `repeats` times. */
export function straightLine({ body, inner }, repeats) {
  return body.flatMap((line) => (line === null ? Array.from({ length: repeats }, () => inner).flat() : [line]));
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

/** First and last lines of the loops that begin and end inside a loop. */
function loopsWithin(lines, { begin, end }) {
  const labels = labelsOf(lines);
  const inside = [];
  for (let at = begin + 1; at < end; at += 1) {
    const target = labels.get(BRANCH.exec(lines[at])?.[1]);
    if (target !== undefined && target > begin && target < at) inside.push({ begin: target, end: at });
  }
  return inside;
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
