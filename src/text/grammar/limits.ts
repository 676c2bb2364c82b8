/** Named limits of grammars that come from outside: each bounds what one request can cost. */

export const GRAMMAR_LIMITS = {
  /** Bytes of a schema or grammar as text; the largest tool sets in the wild are a tenth of it. */
  sourceBytes: 1 << 20,
  /** Levels of nested subschemas, groups or rules; deeper ones would exhaust the call stack. */
  depth: 128,
  /** Nodes of a compiled grammar: about 100 bytes each, made in tens of milliseconds. */
  nodes: 200_000,
  /** Combinations that anyOf, oneOf and allOf may multiply to before the schema counts as a bomb. */
  conjunctions: 1000,
  /** Members of one object: building them recurses over neighbours. */
  properties: 2000,
  /** A bound above this is not told apart from none by any context length. */
  bound: 10_000_000,
  /** Product of nested repetition bounds in a regular expression, as its states may multiply. */
  nestedBounds: 1_000_000,
  /** Alternatives that a regular expression's state may hold at once. */
  stateAlternatives: 4096,
  /** States looked at to decide whether an intersection of regular expressions holds anything. */
  livenessStates: 50_000,
  /** Parses that may be open at once: more means a grammar that is ambiguous beyond use. */
  parses: 2048,
  /** Stacks of a grammar that is kept for reuse, some 500 bytes each: different texts nest differently. */
  keptStacks: 50_000,
} as const;

/** Memory of the masks of one vocabulary; when it is full the masks are made anew as they are needed. */
export const MASK_CACHE_BYTES = 96 * 1024 * 1024;
/** Nodes of derived regular expressions kept for reuse across requests, 50 bytes each. */
export const ARENA_NODES = 400_000;
