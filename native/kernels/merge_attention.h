// Putting partial attentions together: the softmax of a whole from the unnormalised sums of its parts. Maxima are in powers
// of two, as attend leaves them.
#pragma once

#include <cmath>

namespace turnwise {
namespace TURNWISE_ISA {

// a becomes the attention over the positions of a and b. A part that saw nothing has maximum -infinity,
// sum 0 and outputs 0.
inline void MergeAttention(float* o_a, float* max_a, float* sum_a, const float* o_b, float max_b, float sum_b,
                           int head_dim) {
  const float max = *max_a > max_b ? *max_a : max_b;
  // Equal maxima need no factor; so two empty parts stay empty, and do not become NaN.
  const float factor_a = *max_a == max ? 1.0f : Exp2One(*max_a - max);
  const float factor_b = max_b == max ? 1.0f : Exp2One(max_b - max);
  ForEachVector(head_dim, [&](int d, int count) {
    const F32 a = LoadRun(o_a + d, count) * Broadcast(factor_a);
    StoreRun(o_a + d, Fma(LoadRun(o_b + d, count), Broadcast(factor_b), a), count);
  });
  *sum_a = *sum_a * factor_a + sum_b * factor_b;
  *max_a = max;
}

// out = o / sum; out may be o.
inline void FinishAttention(const float* o, float sum, int head_dim, float* out) {
  ForEachVector(head_dim, [&](int d, int count) { StoreRun(out + d, LoadRun(o + d, count) / Broadcast(sum), count); });
}

}  // namespace TURNWISE_ISA
}  // namespace turnwise
