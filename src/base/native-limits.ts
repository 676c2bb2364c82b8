/**
 * Sizes that both halves hold to: TypeScript refuses more by name, the native core refuses it again. The
 * addon exports its own as `limits`, and a conformance test compares them.
 */
export const NATIVE_LIMITS = {
  /** Far above any machine, far below what a process can start. */
  threads: 512,
  /** Head dimensions in use go to 256. */
  headDim: 1024,
  /** Positions are int32, and angles f32; contexts in use go to 10 million. */
  contextTokens: 2 ** 27,
  /** Positions that one split of attention covers; fixed, so that results do not depend on threads. */
  attentionSplitTokens: 512,
  /** Numbers of NUMA nodes are below: one word of mbind's mask. */
  numaNodes: 64,
  /** Numbers of CPUs are below; far above any machine. */
  cpus: 4096,
  /** Model files and packs that one process maps, each of them guarded: two models of as many parts as the readers take. */
  mappedFiles: 2048,
} as const;
