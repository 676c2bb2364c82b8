/** What the safetensors reader accepts at most, beside what the file's own size allows. */

export interface SafetensorsLimits {
  readonly headerBytes: number;
  readonly tensors: number;
  readonly tensorNameBytes: number;
  readonly dimensions: number;
  readonly indexBytes: number;
  readonly shards: number;
}

export const SAFETENSORS_LIMITS: SafetensorsLimits = {
  /**
   * The format allows 100 MB, but JSON takes several times its size once parsed. The largest models with one
   * tensor for each part of each expert have headers of some MB a shard.
   */
  headerBytes: 32 * 2 ** 20,
  /** Of one file; models with experts have some 100,000 in all. */
  tensors: 262_144,
  /** Names in use stay below 128. */
  tensorNameBytes: 1024,
  /** Weights have up to 2, images and convolutions up to 5. */
  dimensions: 8,
  /** model.safetensors.index.json lists each tensor of all shards. */
  indexBytes: 32 * 2 ** 20,
  /** Published models have up to some 200; each one is an open file, mapped and guarded (NATIVE_LIMITS.mappedFiles). */
  shards: 1024,
};
