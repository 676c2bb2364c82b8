/**
 * The two 16-bit float formats and their exact conversions. f16 is IEEE 754 binary16; bf16 is the
 * upper half of an f32. To 16 bits: round to nearest, ties to even; NaN stays NaN (quiet).
 * Everything works on bit patterns, so that NaN payloads survive.
 */

const floatScratch = new Float32Array(1);
const bitsScratch = new Uint32Array(floatScratch.buffer);

function bitsOf(value: number): number {
  floatScratch[0] = value;
  return bitsScratch[0] ?? 0;
}

/** f32 bits of every f16, by its bits. */
const F16_TO_F32_BITS: Uint32Array = Uint32Array.from({ length: 0x10000 }, (_, half) => widenF16(half));
const F16_TO_F32 = new Float32Array(F16_TO_F32_BITS.buffer);

function widenF16(half: number): number {
  const sign = (half & 0x8000) << 16;
  const exponent = (half >> 10) & 0x1f;
  const mantissa = half & 0x3ff;
  if (exponent === 0x1f) return (sign | 0x7f800000 | (mantissa << 13)) >>> 0;
  if (exponent !== 0) return (sign | ((exponent + 112) << 23) | (mantissa << 13)) >>> 0;
  // Subnormal: mantissa * 2^-24, which is a normal f32 or zero.
  return (sign | bitsOf(mantissa * 2 ** -24)) >>> 0;
}

/** The f32 bits of the f16 with bits `half`. */
export function f16ToF32Bits(half: number): number {
  return F16_TO_F32_BITS[half & 0xffff] ?? 0;
}

/** The value of the f16 with bits `half`. */
export function f16ToNumber(half: number): number {
  return F16_TO_F32[half & 0xffff] ?? 0;
}

/** The value of the f16 at `at`, of any alignment. */
export function readF16(bytes: Uint8Array, at: number): number {
  return f16ToNumber((bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8));
}

/** Writes the f16 nearest to `value` at `at` and returns its value: what a decoder will read. */
export function writeF16(out: Uint8Array, at: number, value: number): number {
  const half = f16FromNumber(value);
  out[at] = half;
  out[at + 1] = half >> 8;
  return f16ToNumber(half);
}

/** The bits of the f16 nearest to `value`, taken as f32 first. */
export function f16FromNumber(value: number): number {
  const bits = bitsOf(value);
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00 | ((magnitude >> 13) & 0x3ff);
  // 65520 and above round to infinity.
  if (magnitude >= 0x477ff000) return sign | 0x7c00;
  // Below 2^-14 the result is subnormal: a multiple of 2^-24. Adding 0.5 leaves exactly those bits in
  // an f32, rounded to nearest even by the addition itself.
  if (magnitude < 0x38800000) return sign | (bitsOf(Math.abs(floatScratch[0] ?? 0) + 0.5) - 0x3f000000);
  const odd = (magnitude >> 13) & 1;
  return sign | ((magnitude - 0x38000000 + 0xfff + odd) >> 13);
}

/** The bits of the bf16 nearest to `value`, taken as f32 first. */
export function bf16FromNumber(value: number): number {
  const bits = bitsOf(value);
  if ((bits & 0x7fffffff) > 0x7f800000) return (bits >>> 16) | 0x40;
  return (bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16;
}
