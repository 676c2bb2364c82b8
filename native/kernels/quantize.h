// Activations to q8a: for every 32 columns an f32 scale, 32 int8, the sums of both halves and that of all in f32. The scale is
// that of the kActivationColumns columns around it, counted from the row's first; the last run may be shorter.
// A NaN becomes the scale of its run, and so of all that is multiplied with it: int8 has none.
#pragma once

#include <cfloat>

namespace turnwise {
namespace TURNWISE_ISA {

// value / scale to the nearest integer, ties to even, within +-127. The bound matters only where scale
// is subnormal, and so too coarse.
inline I32 QuantizeLanes(F32 value, F32 scale) { return ClampInt(ToInt(value / scale), -127, 127); }

// max|x| / 127 of a whole vector of maxima; NaN where one is.
inline float SymmetricScale(F32 magnitudes) { return LargestMagnitude(magnitudes) / 127.0f; }

static_assert(kQuantGroup == 2 * kLanes, "a group is two vectors, and so its halves have sums");
static_assert(kActivationColumns % kQuantGroup == 0, "a scale is that of whole groups");

// One group by the scale of its run.
inline void QuantizeGroup(const float* x, int group, float scale, Q8aRow out) {
  // Zero divides 0 by 1.
  const F32 divisor = Broadcast(scale == 0.0f ? FLT_MAX : scale);
  const I32 a = QuantizeLanes(Load(x), divisor);
  const I32 b = QuantizeLanes(Load(x + kLanes), divisor);
  uint8_t* values = reinterpret_cast<uint8_t*>(out.values + group * kQuantGroup);
  StoreLowBytes(values, a);
  StoreLowBytes(values + kLanes, b);
  out.scales[group] = scale;
  const int32_t sums[2] = {SumInt(a), SumInt(b)};
  for (int half = 0; half < 2; ++half) out.sums[2 * group + half] = static_cast<int16_t>(sums[half]);
  out.scaled_sums[group] = scale * static_cast<float>(sums[0] + sums[1]);
}

inline void Quantize(const float* x, int columns, Q8aRow out) {
  for (int begin = 0; begin < columns; begin += kActivationColumns) {
    const int end = columns - begin < kActivationColumns ? columns : begin + kActivationColumns;
    F32 magnitudes = Zero();
    for (int k = begin; k < end; k += kLanes) magnitudes = MaxMagnitude(magnitudes, Abs(Load(x + k)));
    const float scale = SymmetricScale(magnitudes);
    for (int k = begin; k < end; k += kQuantGroup) QuantizeGroup(x + k, k / kQuantGroup, scale, out);
  }
}

}  // namespace TURNWISE_ISA
}  // namespace turnwise
