/**
 * The numbers that say how a token is chosen from logits: one row each. The request, the order, the rows
 * of a sampling call and their memory all take their fields from this table.
 */

interface Setting {
  readonly array: "f32" | "i32";
  /** What leaves the choice as it is; of the temperature, what makes it greedy. */
  readonly off: number;
}

export const SAMPLER_SETTINGS = {
  /** 0 = greedy. */
  temperature: { array: "f32", off: 0 },
  topK: { array: "i32", off: 0 },
  topP: { array: "f32", off: 1 },
  /** Relative to the largest probability. */
  minP: { array: "f32", off: 0 },
  /** Divides positive and multiplies negative logits of tokens in prompt or output. */
  repetitionPenalty: { array: "f32", off: 1 },
  /** Subtracted once from tokens of the output. */
  presencePenalty: { array: "f32", off: 0 },
  /** Subtracted once for each occurrence in the output. */
  frequencyPenalty: { array: "f32", off: 0 },
} as const satisfies Record<string, Setting>;

export type SamplerSetting = keyof typeof SAMPLER_SETTINGS;

export const SAMPLER_SETTING_NAMES = Object.keys(SAMPLER_SETTINGS) as readonly SamplerSetting[];

export type SamplerSettings = { readonly [Name in SamplerSetting]: number };

/** A value of each setting for each of L rows. */
export type SamplerSettingRows = {
  readonly [Name in SamplerSetting]: (typeof SAMPLER_SETTINGS)[Name]["array"] extends "f32" ? Float32Array : Int32Array;
};

/** Everything off: the largest logit. */
export const GREEDY: SamplerSettings = mapSettings((name) => SAMPLER_SETTINGS[name].off);

export function mapSettings<Value>(valueOf: (name: SamplerSetting) => Value): Record<SamplerSetting, Value> {
  return Object.fromEntries(SAMPLER_SETTING_NAMES.map((name) => [name, valueOf(name)])) as Record<
    SamplerSetting,
    Value
  >;
}
