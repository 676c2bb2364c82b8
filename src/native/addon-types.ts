/**
 * The whole surface of the native core, as the .node file exports it. Everything crosses as typed
 * arrays, numbers and handles; every method throws a plain Error with a short reason on bad input,
 * which `native/` turns into `native_failed`. A handle's properties stay readable after `dispose`.
 */

import type { SampleBatch, SampleResult, StepBatch } from "../graph/executor.ts";

/** Changes with any change of this surface; the loader refuses a binary with another number. */
export const ADDON_ABI = 10;

export interface CpuInfo {
  /** "x64", "arm64". */
  readonly architecture: string;
  readonly model: string;
  /** Feature names as the kernel or cpuid gives them: "avx512f", "avx512_vnni", "asimddp". */
  readonly features: readonly string[];
  /** ISA levels that this binary has and this CPU runs, best last: ["scalar", "avx2", "avx-vnni", "avx512-vnni"]. */
  readonly isaLevels: readonly string[];
}

/** A file mapped read-only. Views keep the mapping alive; dispose releases it when the last view goes. */
export interface MappingHandle {
  readonly size: number;
  view(offset: number, length: number): Uint8Array;
  /** Whether its path leads to the file that is mapped, with the size and time that it had then. */
  isCurrent(): boolean;
  dispose(): void;
}

/** A store packs into memory of its own, or shows what a range of a file holds. */
export interface WeightStoreOptions {
  readonly isa: string;
  readonly threads: number;
  /** Of the region that all its weights lie in. */
  readonly bytes: number;
  /** The file, and where in it the region begins (a multiple of 64); without it the region is memory. */
  readonly path?: string;
  readonly offset?: number;
}

export interface WritePackOptions {
  readonly path: string;
  /** What the file is called until it is whole; in the same folder. */
  readonly partialPath: string;
  /** The file's first bytes. */
  readonly header: Uint8Array;
  readonly sumsOffset: number;
  readonly dataOffset: number;
}

/** `busy`: another process writes the same file. `reason` says why it failed. */
export interface PackWriting {
  readonly state: "writing" | "written" | "busy" | "failed";
  /** 0..1 */
  readonly fraction: number;
  readonly reason: string;
}

export interface WeightStoreHandle {
  /** Of its region. */
  readonly bytes: number;
  /**
   * Packs a matrix of `rows` x `columns` from the file's bytes to `offset` (a multiple of 64) and returns
   * its index. `ggmlType` is GGUF's type number or that of a group format, `format` a position in WEIGHT_FORMAT_CODES,
   * `ropeHeadDim` 0 for source row order, else the head dimension of `rope-halves`.
   */
  packMatrix(
    source: Uint8Array,
    ggmlType: number,
    format: number,
    rows: number,
    columns: number,
    ropeHeadDim: number,
    offset: number,
  ): number;
  /** Copies a vector of f32 and returns its index; matrices and vectors share one numbering. */
  addVector(values: Float32Array, offset: number): number;
  /** The same for what the region holds already. */
  openMatrix(format: number, rows: number, columns: number, offset: number): number;
  openVector(length: number, offset: number): number;
  /** Begins what `blockSums` waits for, on other threads; packing is refused before that, or before an executor is made. */
  startBlockSums(): void;
  /** XXH64 of each 4 MiB of the region, by all threads: two words each, the lower first. */
  blockSums(): Uint32Array;
  /** Writes the region to a file, on a thread of its own, once; disposing of all who hold the store ends it. */
  startWriting(options: WritePackOptions): void;
  /** Null where nothing was started. */
  writing(): PackWriting | null;
  dispose(): void;
}

export interface ExecutorHandle {
  step(batch: StepBatch): void;
  sample(batch: SampleBatch, result: SampleResult): void;
  readLogits(row: number, into: Float32Array): void;
  copyPage(from: number, to: number, tokens: number): void;
  /** Nanoseconds spent in each instruction since the last call, by instruction index; for `--profile`. */
  takeProfile(): Float64Array;
  readonly kvBytes: number;
  readonly arenaBytes: number;
  readonly threads: number;
  /** Threads that the system did not let stay on their node, and ranges of memory that it did not place there. */
  readonly refusedThreads: number;
  readonly refusedRanges: number;
  dispose(): void;
}

/** NUMA nodes on which threads stay and near which weights lie; `cpus` of node i from `cpuStarts[i]` to `cpuStarts[i + 1]`. */
export interface NodesOption {
  readonly ids: Int32Array;
  readonly cpuStarts: Int32Array;
  readonly cpus: Int32Array;
}

export interface ExecutorOptions {
  /** From `encodeProgram`. */
  readonly program: Int32Array;
  /** Its weights, added in the order of the program's weight table; kept alive by the executor. */
  readonly weights: WeightStoreHandle;
  readonly threads: number;
  /** Whether threads may spin at barriers before they park; false where absent. */
  readonly spin?: boolean;
  readonly pages: number;
  /** No more than threads, which share them equally; without it the system places both. */
  readonly nodes?: NodesOption;
}

/** The limits of this machine, measured by fixed loops; see native/bench. */
export interface MachineProbeHandle {
  /** Bytes a second that the threads read from memory. */
  readBandwidth(): number;
  /** Operations a second of the ISA level's int8 loop, which loads nothing; a multiply-add is two. */
  int8Rate(): number;
  dispose(): void;
}

export interface MachineProbeOptions {
  readonly isa: string;
  readonly threads: number;
  /** Size of the block that is read; several times the last-level cache. */
  readonly bytes: number;
}

/** What the .node file exports. */
export interface Addon {
  readonly abi: number;
  cpuInfo(): CpuInfo;
  /** Whether the system places memory on a NUMA node for this process. */
  canPlacePages(node: number): boolean;
  /**
   * For the calling thread and those that it starts from then on: how long it runs before one that waits may have its core;
   * 0 for the system's own, at most 100 ms. False where the system does not let it, as Linux before 6.12.
   */
  setThreadSlice(nanoseconds: number): boolean;
  /** Of the calling thread; 0 where the system does not say. */
  threadSlice(): number;
  /** Its own `NATIVE_LIMITS` and `WEIGHT_FORMATS`, for the test that compares them. */
  readonly limits: Readonly<Record<string, number>>;
  readonly weightFormats: readonly {
    readonly name: string;
    readonly groupColumns: number;
    readonly groupBytes: number;
    readonly operand: string;
  }[];
  /** All ISA levels of this binary, also those that this CPU lacks, and how they want weights packed. */
  readonly weightLayouts: readonly { readonly isa: string; readonly layout: string }[];
  readonly Mapping: new (path: string) => MappingHandle;
  readonly WeightStore: new (options: WeightStoreOptions) => WeightStoreHandle;
  readonly Executor: new (options: ExecutorOptions) => ExecutorHandle;
  readonly MachineProbe: new (options: MachineProbeOptions) => MachineProbeHandle;
}
