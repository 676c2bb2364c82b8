/**
 * What is measured, by name: `prefill-512`, `prefill-512@4096` (after a context of 4,096 tokens), `decode`,
 * `decode@8192`, `decode-x16` (16 sequences together), `decode-x16@4096`, `forks-x16@4096` (16 sequences
 * that share their context's pages). Any numbers will do that an engine can be asked for.
 */

import { fail } from "../base/errors.ts";
import { nearestName } from "../base/nearest-name.ts";
import { ENGINE_LIMITS } from "../engine/engine-limits.ts";

export interface BenchCase {
  readonly name: string;
  readonly kind: "prefill" | "decode";
  /** Decoded together; 1 in prefill. */
  readonly sequences: number;
  /** Rows that one pass computes for each sequence. */
  readonly tokens: number;
  /** Positions that are there before. */
  readonly depth: number;
  /** The sequences share the pages of those positions. */
  readonly shared: boolean;
}

/** Steps of one pass of decoding; then it begins again at its depth, so that the depth stays what it says. */
const DECODE_STEPS = 32;

/** Tokens: far above what memory holds; keeps sizes small integers. */
const MAX_TOKENS = 1_000_000;
const MAX_SEQUENCES = ENGINE_LIMITS.maxSequences.max;

export const SUITES = {
  default: ["prefill-512", "prefill-512@4096", "decode", "decode@8192", "decode-x16"],
  /** What the kernels' targets speak of. */
  kernels: [
    "prefill-512",
    "prefill-512@4096",
    "prefill-64",
    "prefill-64@4096",
    "decode",
    "decode@8192",
    "decode-x8",
    "decode-x16",
    "decode-x32",
    "decode-x16@128",
    "forks-x16@4096",
  ],
} as const satisfies Record<string, readonly string[]>;

/** The cases of a list such as "decode,prefill-512@4096". Throws `invalid_option` for what is no case. */
export function parseBenchCases(option: string, text: string): readonly BenchCase[] {
  const names = text.split(",").map((name) => name.trim());
  return [...new Set(names)].map((name) => parseBenchCase(option, name));
}

export function parseBenchCase(option: string, name: string): BenchCase {
  const match =
    /^(?:prefill-(?<tokens>\d+)|decode(?:-x(?<together>\d+))?|forks-x(?<forks>\d+))(?:@(?<depth>\d+))?$/.exec(name);
  if (match === null) return refuse(option, name);
  const { tokens, together, forks, depth } = match.groups ?? {};
  const sequences = Number(together ?? forks ?? 1);
  if (sequences < 1 || sequences > MAX_SEQUENCES || Number(tokens ?? 1) < 1) return refuse(option, name);
  if (Math.max(Number(tokens ?? 0), Number(depth ?? 0)) > MAX_TOKENS) return refuse(option, name);
  if (forks !== undefined && depth === undefined) return refuse(option, name);
  return {
    name,
    kind: tokens === undefined ? "decode" : "prefill",
    sequences,
    tokens: Number(tokens ?? DECODE_STEPS),
    depth: Number(depth ?? 0),
    shared: forks !== undefined,
  };
}

function refuse(option: string, name: string): never {
  const nearest = nearestName(name, SUITES.kernels);
  const hint = nearest === null ? "" : ` Did you mean ${nearest}?`;
  return fail("invalid_option", {
    option,
    problem:
      `${JSON.stringify(name)} is no case; cases are prefill-TOKENS[@DEPTH], decode[-xSEQUENCES][@DEPTH] and ` +
      `forks-xSEQUENCES@DEPTH, with 1 to ${MAX_SEQUENCES} sequences and up to ${MAX_TOKENS} tokens.${hint}`,
  });
}

/** Tokens of context that one sequence reaches. */
export const contextOf = ({ depth, tokens }: BenchCase): number => depth + tokens;
