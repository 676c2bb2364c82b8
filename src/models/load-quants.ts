/** What `--quant` can round a model's weights to while they are packed; `quantized-source.ts` does it. */

/**
 * `q8`: int8 by 32 columns, as Q8_0. `q4-g32`: 4 bits by 32, as Q4_0. `q4-g128`: 4 bits by 128 with zero
 * points. With 4 bits the embedding and the head have 8: they are what rounding hurts most. `q4-g128-pure` gives them
 * groups of 128 too, for speed: of a small model with a large vocabulary the head is a fifth.
 */
export const LOAD_QUANTS = ["q8", "q4-g128", "q4-g128-pure", "q4-g32"] as const;
export type LoadQuant = (typeof LOAD_QUANTS)[number];
