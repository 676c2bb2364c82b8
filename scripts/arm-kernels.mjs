/**
 * The loops that `npm run arm:model` models: which marked loop of native/kernels/neon, how often its inner loop runs,
 * and what one pass through it does. Targets are for Neoverse V2; V1 is to be within 20 % of them.
 */

/**
 * A packed format as a loop sees it: how its C++ type is spelt in a symbol, what a step of its rows is, and up to how many
 * tokens its kernel multiplies it as it is packed (kPackedTokens of panel_gemm.h).
 */
const FORMATS = {
  q4_0: { name: "Q4_0", type: "IntFormat<G32, Int4Values<8>>", columns: 32, rowBytes: 18, sub: 0, packedTokens: 3 },
  q8_0: { name: "Q8_0", type: "IntFormat<G32, Int8Values>", columns: 32, rowBytes: 34, sub: 0, packedTokens: 5 },
  int4_g128: {
    name: "int4 group-128",
    type: "IntFormat<GroupZero<128>, Int4Values<8>>",
    columns: 128,
    rowBytes: 68,
    sub: 0,
    packedTokens: 3,
  },
  q2_k: {
    name: "Q2_K",
    type: "IntFormat<K16Min, Int2Values<0>>",
    columns: 256,
    rowBytes: 84,
    sub: 16,
    packedTokens: 3,
  },
  q4_k: {
    name: "Q4_K",
    type: "IntFormat<K32Min, Int4Values<0>>",
    columns: 256,
    rowBytes: 148,
    sub: 32,
    packedTokens: 3,
  },
  q5_k: {
    name: "Q5_K",
    type: "IntFormat<K32Min, Int5Values<0>>",
    columns: 256,
    rowBytes: 180,
    sub: 32,
    packedTokens: 3,
  },
  q6_k: { name: "Q6_K", type: "IntFormat<K16, Int6Values>", columns: 256, rowBytes: 210, sub: 16, packedTokens: 3 },
};

const TILE_ROWS = 16;
const GROUP_COLUMNS = 32;
/** Of a block of panel_gemm.h, and of a task of prefill. */
const PANEL_ROWS = 8;
const BLOCK_TOKENS = 6;
const TASK_TOKENS = 96;
/** Of a block of dot_gemm.h. */
const DOT_TOKENS = 3;
/** Tokens of steps that some sequences share. */
const FEW_TOKENS = [4, 8, 16];

/**
 * Packed bytes a cycle of one token: so many that at 2.8 GHz 16 of Graviton4's 96 cores read the 537.6 GB/s that its
 * memory gives at most, and for types of 2 bits, which take more instructions a byte, 48 cores.
 */
const GEMV_BYTES = 12;
const GEMV_BYTES_OF_2_BITS = 4;

/**
 * llama.cpp's loops for its repacked types in the same model: by row of the table, as `--write` puts them into the
 * record and into src/cost/arm-rates.ts. Of commit de3ff815 (2026-09-28), ggml/src/ggml-cpu/arch/arm/repack.cpp, the
 * loops over blocks of ggml_gemm_q4_0_4x8_q8_0 (its assembly of 16 rows x 4), ggml_gemm_q8_0_4x8_q8_0 (its intrinsics of
 * 4 x 4) and ggml_gemv_q4_0_4x8_q8_0, by llvm-mca 19. Typed in: the command does not compile that source.
 */
export const LLAMA_CPP_RATES = {
  "GEMM Q4_0": { "neoverse-v1": 50, "neoverse-v2": 50 },
  "GEMM Q8_0": { "neoverse-v1": 46, "neoverse-v2": 51 },
  "GEMV Q4_0": { "neoverse-v1": 9.2, "neoverse-v2": 9.9 },
};

/** Passes of the inner loop: values are taken 32 columns at a time where there is no sub-scale. */
const panelPasses = ({ columns, sub }) => columns / (sub === 0 ? GROUP_COLUMNS : sub);

/** `count` in as few parts of at most `most` as there can be, as equal as can be, the smaller first. */
function inParts(count, most) {
  const parts = Math.ceil(count / most);
  return Array.from({ length: parts }, (_, at) => Math.floor((count + at) / parts));
}

/** Multiplications of a product of many tokens, its weights unpacked. */
function gemm(format, target) {
  return {
    name: `GEMM ${format.name}`,
    unit: "MAC/cycle",
    target,
    parts: [{ kernel: "panel", width: BLOCK_TOKENS / 2, type: format.type, inner: panelPasses(format), passes: 1 }],
    work: PANEL_ROWS * BLOCK_TOKENS * format.columns,
  };
}

/** The same with the unpacking, which the tokens of a task share. */
function unpackedGemm(format, tokens) {
  const { columns, type } = format;
  const blocks = inParts(Math.ceil(tokens / 2), BLOCK_TOKENS / 2).map((width) => ({
    kernel: "panel",
    width,
    type,
    inner: panelPasses(format),
    passes: TILE_ROWS / PANEL_ROWS,
  }));
  return {
    name: `GEMM ${format.name}, unpacked for ${tokens} tokens`,
    unit: "MAC/cycle",
    parts: [...blocks, { kernel: "unpack", width: TILE_ROWS, type, inner: columns / GROUP_COLUMNS, passes: 1 }],
    work: TILE_ROWS * tokens * columns,
  };
}

/** Straight from the packed weights, which each block of tokens cuts out again. */
function packedGemm(format, tokens) {
  const { columns, type } = format;
  return {
    name: `GEMM ${format.name}, packed, ${tokens} tokens`,
    unit: "MAC/cycle",
    parts: inParts(tokens, DOT_TOKENS).map((width) => ({
      kernel: "dot",
      width,
      type,
      inner: columns / GROUP_COLUMNS,
      passes: 1,
    })),
    work: TILE_ROWS * tokens * columns,
  };
}

/** As the kernel chooses. */
function fewTokensGemm(format, tokens) {
  return tokens <= format.packedTokens ? packedGemm(format, tokens) : unpackedGemm(format, tokens);
}

/** Packed bytes of a product of one token. */
function gemv(format, target) {
  return {
    name: `GEMV ${format.name}`,
    unit: "bytes/cycle",
    target,
    parts: [{ kernel: "dot", width: 1, type: format.type, inner: format.columns / GROUP_COLUMNS, passes: 1 }],
    work: TILE_ROWS * format.rowBytes,
  };
}

/** Four heads that share a KV head, as in most Llama models, of 128 dimensions. */
const HEADS = 4;
const HEAD_DIM = 128;
const ATTENTION = "<MatrixAttention";

export const ARM_KERNELS = [
  gemm(FORMATS.int4_g128, 80),
  gemm(FORMATS.q4_k, 80),
  gemm(FORMATS.q5_k, 80),
  gemm(FORMATS.q6_k, 65),
  gemm(FORMATS.q2_k, 65),
  gemm(FORMATS.q4_0, 62),
  gemm(FORMATS.q8_0, 62),
  ...Object.values(FORMATS).map((format) => unpackedGemm(format, TASK_TOKENS)),
  ...Object.values(FORMATS).flatMap((format) => FEW_TOKENS.map((tokens) => fewTokensGemm(format, tokens))),
  gemv(FORMATS.int4_g128, GEMV_BYTES),
  gemv(FORMATS.q4_k, GEMV_BYTES),
  gemv(FORMATS.q5_k, GEMV_BYTES),
  gemv(FORMATS.q6_k, GEMV_BYTES),
  gemv(FORMATS.q2_k, GEMV_BYTES_OF_2_BITS),
  gemv(FORMATS.q4_0, GEMV_BYTES),
  gemv(FORMATS.q8_0, GEMV_BYTES),
  {
    name: "Attention, Q times K in int8",
    unit: "MAC/cycle",
    target: 60,
    // 8 dimensions a pass.
    parts: [{ kernel: "scores", width: HEADS, type: ATTENTION, inner: HEAD_DIM / 8, passes: 1 }],
    work: TILE_ROWS * HEAD_DIM * HEADS,
  },
  {
    name: "Attention, probabilities of 15 bits times V",
    unit: "MAC/cycle",
    // 8 dimensions of 8 tokens.
    parts: [{ kernel: "values", width: HEADS, type: ATTENTION, inner: 0, passes: 1 }],
    work: 8 * 8 * HEADS,
  },
];

export const ARM_CPUS = [
  { cpu: "neoverse-v1", name: "V1 (Graviton3)", targetShare: 0.8 },
  { cpu: "neoverse-v2", name: "V2 (Graviton4)", targetShare: 1 },
];
