/** The cases that peers can run too, by Turnwise's names for them; see docs/performance.md. */

export const DEFAULT_CASES = ["prefill-512", "decode", "decode-x16"];

/** "prefill-512@4096" -> { kind, tokens, sequences, depth }; null for what peers do not have. */
export function parseCase(name) {
  const match = /^(?:prefill-(\d+)|decode(?:-x(\d+))?)(?:@(\d+))?$/.exec(name);
  if (match === null) return null;
  const [, tokens, sequences, depth] = match;
  return {
    name,
    kind: tokens === undefined ? "decode" : "prefill",
    tokens: Number(tokens ?? 32),
    sequences: Number(sequences ?? 1),
    depth: Number(depth ?? 0),
  };
}
