/** The element types of safetensors, by name, and their bits. Source: safetensors' `Dtype`. */

const BITS = {
  BOOL: 8,
  F4: 4,
  F6_E2M3: 6,
  F6_E3M2: 6,
  U8: 8,
  I8: 8,
  F8_E5M2: 8,
  F8_E4M3: 8,
  F8_E8M0: 8,
  I16: 16,
  U16: 16,
  F16: 16,
  BF16: 16,
  I32: 32,
  U32: 32,
  F32: 32,
  F64: 64,
  I64: 64,
  U64: 64,
  C64: 64,
} as const;

export type SafetensorsDtype = keyof typeof BITS;

export const SAFETENSORS_DTYPES = Object.keys(BITS) as readonly SafetensorsDtype[];

export function isSafetensorsDtype(name: string): name is SafetensorsDtype {
  return Object.hasOwn(BITS, name);
}

/** Bytes of `elements` values, or null where that is no whole number or no safe integer. */
export function dtypeBytes(dtype: SafetensorsDtype, elements: number): number | null {
  const bits = elements * BITS[dtype];
  return Number.isSafeInteger(bits) && bits % 8 === 0 ? bits / 8 : null;
}
