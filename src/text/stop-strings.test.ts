import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import { createStopMatcher } from "./stop-strings.ts";

/** All pieces through a matcher: what came out, and what is still held when it neither stopped nor ended. */
function run(stops: readonly string[], pieces: readonly string[]): { emitted: string[]; stopped: string | null } {
  const matcher = createStopMatcher(stops);
  const emitted: string[] = [];
  for (const piece of pieces) {
    const { emit, stopped } = matcher.push(piece);
    emitted.push(emit);
    if (stopped !== null) return { emitted, stopped };
  }
  emitted.push(matcher.flush());
  return { emitted, stopped: null };
}

/** The stop string that is complete first, of those the longest, by looking at every prefix of the text. */
function naive(stops: readonly string[], text: string): { text: string; stopped: string | null } {
  for (let end = 1; end <= text.length; end += 1) {
    const ending = stops.filter((stop) => text.slice(0, end).endsWith(stop));
    const longest = ending.toSorted((left, right) => right.length - left.length)[0];
    if (longest !== undefined) return { text: text.slice(0, end - longest.length), stopped: longest };
  }
  return { text, stopped: null };
}

// Two letters and a pair of surrogates make overlaps and near misses likely.
const letters = fc.constantFrom("a", "b", "😀", "😁");
const words = fc.array(letters, { minLength: 1, maxLength: 5 }).map((parts) => parts.join(""));

describe("createStopMatcher", () => {
  it("finds what looking at the whole text finds, however it is cut", () => {
    fc.assert(
      fc.property(fc.array(words, { maxLength: 4 }), fc.array(words, { maxLength: 20 }), (stops, pieces) => {
        const { emitted, stopped } = run(stops, pieces);
        expect({ text: emitted.join(""), stopped }).toEqual(naive(stops, pieces.join("")));
      }),
      { numRuns: 2000 },
    );
  });

  it("holds back exactly the longest end that begins a stop string", () => {
    fc.assert(
      fc.property(
        fc.array(words, { minLength: 1, maxLength: 4 }),
        fc.array(words, { maxLength: 20 }),
        (stops, pieces) => {
          const matcher = createStopMatcher(stops);
          let seen = "";
          let emitted = "";
          for (const piece of pieces) {
            const { emit, stopped } = matcher.push(piece);
            if (stopped !== null) return;
            seen += piece;
            emitted += emit;
            const begins = (end: string): boolean => stops.some((stop) => stop.startsWith(end));
            let certain = 0;
            while (!begins(seen.slice(certain))) certain += 1;
            expect(emitted).toBe(seen.slice(0, certain));
          }
        },
      ),
      { numRuns: 1000 },
    );
  });

  it("emits text at once when no stop string can begin in it", () => {
    expect(run(["\n\nUser:"], ["Hello", " world", "\n"]).emitted).toEqual(["Hello", " world", "", "\n"]);
  });

  it("gives nothing after a stop, and begins anew after flush", () => {
    const matcher = createStopMatcher(["END"]);
    expect(matcher.push("a END b")).toEqual({ emit: "a ", stopped: "END" });
    expect(matcher.push("more")).toEqual({ emit: "", stopped: null });
    expect(matcher.flush()).toBe("");
    expect(matcher.push("new E")).toEqual({ emit: "new ", stopped: null });
    expect(matcher.flush()).toBe("E");
  });

  it("refuses an empty stop string", () => {
    expect(() => createStopMatcher(["a", ""])).toThrow(expect.objectContaining({ code: "request_invalid" }));
  });

  it("takes a long text of near misses in linear time", () => {
    const matcher = createStopMatcher([`${"a".repeat(1000)}b`]);
    const start = performance.now();
    let emitted = 0;
    for (let count = 0; count < 1000; count += 1) emitted += matcher.push("a".repeat(100)).emit.length;
    expect(emitted).toBe(100_000 - 1000);
    expect(performance.now() - start).toBeLessThan(2000);
  });
});
