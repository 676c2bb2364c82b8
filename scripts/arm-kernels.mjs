/**
 * The loops that `npm run arm:model` models: which marked loop of native/kernels/neon, how often the loops inside it run,
 * and what one pass through it does. Targets are for Neoverse V2; V1 is to be within 20 % of them.
 */

import { ARM_FORMATS } from "./arm-formats.mjs";

const TILE_ROWS = 16;
const GROUP_COLUMNS = 32;
/** Of a block of panel_gemm.h, and of a task of prefill. */
const PANEL_ROWS = 8;
const BLOCK_TOKENS = 6;
export const TASK_TOKENS = 96;
/** Of a block of dot_gemm.h. */
const DOT_TOKENS = 3;
/** Tokens of steps that some sequences share. */
export const FEW_TOKENS = [2, 3, 4, 8, 16];

/** Each level's source in native/isa, and the cores that run it, with the share of a target that they are to reach. */
export const ARM_LEVELS = {
  i8mm: {
    source: "neon_i8mm",
    cpus: [
      { cpu: "neoverse-v1", name: "V1 (Graviton3)", targetShare: 0.8 },
      { cpu: "neoverse-v2", name: "V2 (Graviton4)", targetShare: 1 },
    ],
  },
  dotprod: { source: "neon_dotprod", cpus: [{ cpu: "neoverse-n1", name: "N1 (Graviton2)", targetShare: 1 }] },
};

/** The cores that a row is modelled on. */
export const cpusOf = ({ level }) => ARM_LEVELS[level].cpus;

/**
 * How often the loops inside run: steps of a span; in a panel the values of a sub-scale, or 32 columns where there is
 * none, elsewhere a group.
 */
const panelRepeats = ({ columns, span, sub }) => ({
  middle: span / columns,
  inner: columns / (sub === 0 ? GROUP_COLUMNS : sub),
});
const dotRepeats = ({ columns, span }) => ({ middle: span / columns, inner: columns / GROUP_COLUMNS });

/** `count` in as few parts of at most `most` as there can be, as equal as can be, the smaller first. */
function inParts(count, most) {
  const parts = Math.ceil(count / most);
  return Array.from({ length: parts }, (_, at) => Math.floor((count + at) / parts));
}

/** Multiplications of a product of many tokens, its weights unpacked. */
function gemm(format) {
  return {
    name: `GEMM ${format.name}`,
    level: "i8mm",
    unit: "MAC/cycle",
    target: format.gemm,
    parts: [{ kernel: "panel", width: BLOCK_TOKENS / 2, type: format.type, repeats: panelRepeats(format), passes: 1 }],
    work: PANEL_ROWS * BLOCK_TOKENS * format.span,
  };
}

/** The same with the unpacking, which the tokens of a task share. */
function unpackedGemm(format, tokens) {
  const { columns, span, type } = format;
  const blocks = inParts(Math.ceil(tokens / 2), BLOCK_TOKENS / 2).map((width) => ({
    kernel: "panel",
    width,
    type,
    repeats: panelRepeats(format),
    passes: TILE_ROWS / PANEL_ROWS,
  }));
  const repeats = { inner: columns / GROUP_COLUMNS };
  return {
    name: tokensRow(format, tokens),
    level: "i8mm",
    unit: "MAC/cycle",
    parts: [...blocks, { kernel: "unpack", width: TILE_ROWS, type, repeats, passes: span / columns }],
    work: TILE_ROWS * tokens * span,
  };
}

/** Straight from the packed weights, which each block of tokens cuts out again. */
function packedGemm(format, tokens) {
  const { span, type } = format;
  return {
    name: tokensRow(format, tokens),
    level: "i8mm",
    unit: "MAC/cycle",
    parts: inParts(tokens, DOT_TOKENS).map((width) => ({
      kernel: "dot",
      width,
      type,
      repeats: dotRepeats(format),
      passes: 1,
    })),
    work: TILE_ROWS * tokens * span,
  };
}

const isPacked = ({ packedTokens }, tokens) => tokens <= packedTokens;

/** As the kernel chooses. */
const tokensGemm = (format, tokens) =>
  isPacked(format, tokens) ? packedGemm(format, tokens) : unpackedGemm(format, tokens);

/** The row's name of a product of so many tokens. */
export const tokensRow = (format, tokens) =>
  `GEMM ${format.name}, ${isPacked(format, tokens) ? `packed, ${tokens} tokens` : `unpacked for ${tokens} tokens`}`;

/** Packed bytes of a product of one token. */
function gemv(format) {
  return {
    name: `GEMV ${format.name}`,
    level: "i8mm",
    unit: "bytes/cycle",
    target: format.gemv,
    isKnownBelow: format.isGemvBelow,
    parts: [{ kernel: "dot", width: 1, type: format.type, repeats: dotRepeats(format), passes: 1 }],
    work: (TILE_ROWS * format.rowBytes * format.span) / format.columns,
  };
}

/** The level without matrix products, where many tokens are blocks of three. */
const byDots = (kernel, name) => ({ ...kernel, name: `${name} by dot products`, level: "dotprod", target: undefined });

/** Four heads that share a KV head, as in most Llama models, of 128 dimensions. */
const HEADS = 4;
const HEAD_DIM = 128;
const ATTENTION = "<MatrixAttention";

const ATTENTION_KERNELS = [
  {
    name: "Attention, Q times K in int8",
    level: "i8mm",
    unit: "MAC/cycle",
    target: 60,
    // 8 dimensions a pass.
    parts: [{ kernel: "scores", width: HEADS, type: ATTENTION, repeats: { inner: HEAD_DIM / 8 }, passes: 1 }],
    work: TILE_ROWS * HEAD_DIM * HEADS,
  },
  {
    name: "Attention, probabilities of 15 bits times V",
    level: "i8mm",
    unit: "MAC/cycle",
    // 8 dimensions of 8 tokens.
    parts: [{ kernel: "values", width: HEADS, type: ATTENTION, repeats: {}, passes: 1 }],
    work: 8 * 8 * HEADS,
  },
];

/** The rows of the page's first table: loops, whose targets are the project's. */
export const LOOP_KERNELS = [...ARM_FORMATS.map(gemm), ...ARM_FORMATS.map(gemv), ...ATTENTION_KERNELS];

export const ARM_KERNELS = [
  ...LOOP_KERNELS,
  ...ARM_FORMATS.flatMap((format) => [...FEW_TOKENS, TASK_TOKENS].map((tokens) => tokensGemm(format, tokens))),
  ...ARM_FORMATS.flatMap((format) => [
    byDots(gemv(format), `GEMV ${format.name}`),
    byDots(packedGemm(format, DOT_TOKENS), `GEMM ${format.name}`),
  ]),
];
