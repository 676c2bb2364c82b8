// Activations to q8a: for every 32 columns one f32 scale, 32 int8 and the sums of both halves.
#pragma once

#include <cfloat>

namespace turnwise {
namespace TURNWISE_ISA {

// value / scale to the nearest integer, ties to even, within +-127. The bound matters only where scale
// is subnormal, and so too coarse.
inline I32 QuantizeLanes(F32 value, F32 scale) { return ClampInt(ToInt(value / scale), -127, 127); }

// max|x| / 127 of a whole vector of maxima.
inline float SymmetricScale(F32 magnitudes) { return Largest(magnitudes) / 127.0f; }

static_assert(kQuantGroup == 2 * kLanes, "a group is two vectors, and so its halves have sums");

inline void Quantize(const float* x, int columns, Q8aRow out) {
  for (int group = 0; group < columns / kQuantGroup; ++group) {
    const F32 a = Load(x + group * kQuantGroup);
    const F32 b = Load(x + group * kQuantGroup + kLanes);
    const float scale = SymmetricScale(Max(Abs(a), Abs(b)));
    // Zero divides 0 by 1.
    const F32 divisor = Broadcast(scale == 0.0f ? FLT_MAX : scale);
    const I32 qa = QuantizeLanes(a, divisor);
    const I32 qb = QuantizeLanes(b, divisor);
    uint8_t* values = reinterpret_cast<uint8_t*>(out.values + group * kQuantGroup);
    StoreLowBytes(values, qa);
    StoreLowBytes(values + kLanes, qb);
    out.scales[group] = scale;
    out.sums[2 * group] = static_cast<int16_t>(SumInt(qa));
    out.sums[2 * group + 1] = static_cast<int16_t>(SumInt(qb));
  }
}

}  // namespace TURNWISE_ISA
}  // namespace turnwise
