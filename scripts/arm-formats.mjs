/**
 * The packed integer formats as the loops of `npm run arm:model` see them: every row of `MakeKernelTable`
 * (native/isa/kernel_set.h) that is not one of floats.
 */

/**
 * Packed bytes a cycle of one token: so many that at 2.8 GHz 16 of Graviton4's 96 cores read the 537.6 GB/s that its
 * memory gives at most, and for types of 2 and 3 bits, which take more instructions a byte, 48 cores.
 */
const GEMV_BYTES = 12;
const GEMV_BYTES_OF_FEW_BITS = 4;

/**
 * Multiplications a cycle of many tokens, over a panel: formats with an f32 step for every 32 or 64 columns, with one for 128 and more,
 * and with integer sub-scales by 16 columns.
 */
const GEMM_BY_32 = 62;
const GEMM_WIDE = 80;
const GEMM_BY_16 = 65;

/** Of a span, whose steps are added up before the scale of activations is applied, where they are as narrow (kSpanSteps of int_steps.h). */
const SPAN_COLUMNS = 256;
const WIDEST_SPAN_STEP = 64;

/**
 * `type` is how the format's C++ type is spelt in a symbol, `columns` and `rowBytes` are a step of its rows, `span` the columns
 * of one pass of its loops over weights, `sub` the columns of a sub-scale, 0 where there is none. `packedTokens`: up to how many tokens its kernel multiplies it as it is
 * packed (kPackedTokens of panel_gemm.h). `gemm` and `gemv` are targets on Neoverse V2, where there are any; `isGemvBelow`
 * says that GEMV's is known to be missed, docs/performance.md by how much and why.
 */
const format = (name, type, columns, rowBytes, { sub = 0, gemm, gemv = GEMV_BYTES, isGemvBelow = false } = {}) => ({
  name,
  type: `IntFormat<${type}>`,
  columns,
  span: columns <= WIDEST_SPAN_STEP ? SPAN_COLUMNS : columns,
  rowBytes,
  sub,
  packedTokens: type.endsWith("Int8Values") ? 5 : 3,
  gemm,
  gemv,
  isGemvBelow,
});

export const ARM_FORMATS = [
  format("int4 group-128", "GroupZero<128>, Int4Values<8>", 128, 68, { gemm: GEMM_WIDE }),
  format("int4 group-64", "GroupZero<64>, Int4Values<8>", 64, 36, { gemm: GEMM_BY_32 }),
  format("int4 group-32", "GroupZero<32>, Int4Values<8>", 32, 20, { gemm: GEMM_BY_32 }),
  format("int4 group-32, f32 scales", "GroupZeroWide, Int4Values<8>", 32, 22, { gemm: GEMM_BY_32 }),
  format("int8 group-128", "GroupZero<128>, Int8Values", 128, 132, { gemm: GEMM_WIDE }),
  format("int8 group-32", "GroupZero<32>, Int8Values", 32, 36, { gemm: GEMM_BY_32 }),
  format("int8 group-32, f32 scales", "GroupZeroWide, Int8Values", 32, 38, { gemm: GEMM_BY_32 }),
  format("Q4_K", "K32Min, Int4Values<0>", 256, 148, { sub: 32, gemm: GEMM_WIDE }),
  format("Q5_K", "K32Min, Int5Values<0>", 256, 180, { sub: 32, gemm: GEMM_WIDE }),
  format("Q6_K", "K16, Int6Values", 256, 210, { sub: 16, gemm: GEMM_BY_16 }),
  format("Q3_K", "K16, Int3Values", 256, 114, { sub: 16, gemm: GEMM_BY_16, gemv: GEMV_BYTES_OF_FEW_BITS }),
  format("Q2_K", "K16Min, Int2Values<0>", 256, 84, { sub: 16, gemm: GEMM_BY_16, gemv: GEMV_BYTES_OF_FEW_BITS }),
  format("IQ4_XS", "K32, Code4Values", 256, 138, { sub: 32, gemm: GEMM_WIDE, isGemvBelow: true }),
  format("Q4_0", "G32, Int4Values<8>", 32, 18, { gemm: GEMM_BY_32 }),
  format("Q4_1", "G32Min, Int4Values<0>", 32, 20, { gemm: GEMM_BY_32 }),
  format("Q5_0", "G32, Int5Values<16>", 32, 22, { gemm: GEMM_BY_32 }),
  format("Q5_1", "G32Min, Int5Values<0>", 32, 24, { gemm: GEMM_BY_32 }),
  format("IQ4_NL", "G32, Code4Values", 32, 18, { gemm: GEMM_BY_32, isGemvBelow: true }),
  format("Q8_0", "G32, Int8Values", 32, 34, { gemm: GEMM_BY_32 }),
];
