/** The integers that a quant stands for, ascending; a weight is one of them times a scale. */

export interface Levels {
  /** The level of each quant. The first has the largest magnitude. */
  readonly values: Int8Array;
  /** The quant whose level is nearest to `value`. */
  nearest(value: number): number;
}

/** -zero .. zero - 1, by quants 0 .. 2 * zero - 1. Ties go up, as ggml's encoders round. */
export function evenLevels(zero: number): Levels {
  const last = 2 * zero - 1;
  return {
    values: Int8Array.from({ length: 2 * zero }, (_, quant) => quant - zero),
    nearest(value) {
      return Math.max(0, Math.min(last, Math.trunc(Math.fround(value + zero + 0.5))));
    },
  };
}

/** Levels at any distances. Ties go down. */
export function unevenLevels(values: Int8Array): Levels {
  return {
    values,
    nearest(value) {
      let quant = 0;
      while (quant + 1 < values.length && value > ((values[quant] ?? 0) + (values[quant + 1] ?? 0)) / 2) quant += 1;
      return quant;
    },
  };
}
