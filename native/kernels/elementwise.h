// Row-wise kernels of the transformer block: RMSNorm, SwiGLU, residual addition, RoPE.
#pragma once

#include <cmath>

namespace turnwise {
namespace TURNWISE_ISA {

// Calls body(offset, count) for runs of 16 elements, the last one shorter.
template <class Body>
inline void ForEachVector(int count, Body body) {
  int i = 0;
  for (; i + kLanes <= count; i += kLanes) body(i, kLanes);
  if (i < count) body(i, count - i);
}

inline F32 LoadRun(const float* p, int count) { return count == kLanes ? Load(p) : LoadFirst(p, count); }
inline void StoreRun(float* p, F32 a, int count) {
  if (count == kLanes) {
    Store(p, a);
  } else {
    StoreFirst(p, a, count);
  }
}

// out = x / sqrt(mean(x^2) + epsilon) * weight; out may be x.
inline void RmsNorm(const float* x, const float* weight, int columns, float epsilon, float* out) {
  F32 sums[4] = {Zero(), Zero(), Zero(), Zero()};
  ForEachVector(columns, [&](int i, int count) {
    const F32 value = LoadRun(x + i, count);
    F32& sum = sums[i / kLanes % 4];
    sum = Fma(value, value, sum);
  });
  const float mean = Sum((sums[0] + sums[1]) + (sums[2] + sums[3])) / static_cast<float>(columns);
  const F32 factor = Broadcast(1.0f / std::sqrt(mean + epsilon));
  ForEachVector(columns, [&](int i, int count) {
    StoreRun(out + i, LoadRun(x + i, count) * factor * LoadRun(weight + i, count), count);
  });
}

// out = gate / (1 + e^-gate) * up; out may be gate or up.
inline void Swiglu(const float* gate, const float* up, int columns, float* out) {
  ForEachVector(columns, [&](int i, int count) {
    const F32 g = LoadRun(gate + i, count);
    const F32 silu = g / (Broadcast(1.0f) + Exp(Zero() - g));
    StoreRun(out + i, silu * LoadRun(up + i, count), count);
  });
}

// out = a + b; out may be either.
inline void Add(const float* a, const float* b, int columns, float* out) {
  ForEachVector(columns,
                [&](int i, int count) { StoreRun(out + i, LoadRun(a + i, count) + LoadRun(b + i, count), count); });
}

// Su et al., RoFormer: each pair (i, i + head_dim / 2) turned by the angle of the table.
inline void Rope(float* head, const float* table, int head_dim) {
  const int half = head_dim / 2;
  ForEachVector(half, [&](int i, int count) {
    const F32 cosine = LoadRun(table + i, count);
    const F32 sine = LoadRun(table + half + i, count);
    const F32 a = LoadRun(head + i, count);
    const F32 b = LoadRun(head + half + i, count);
    StoreRun(head + i, a * cosine - b * sine, count);
    StoreRun(head + half + i, b * cosine + a * sine, count);
  });
}

}  // namespace TURNWISE_ISA
}  // namespace turnwise
