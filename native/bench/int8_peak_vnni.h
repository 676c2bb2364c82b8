// The loop of the levels that have vpdpbusd, over their vector type `V` with kLanes rows in a register:
// two tiles of rows times half of kSums tokens. Included once by each level's file.
#pragma once

#include "int8_peak.h"

namespace turnwise {
namespace {

constexpr int kColumns = 32;

// Makes the compiler take `v` for a new value, at the cost of nothing.
#define TURNWISE_NEW_VALUE(v) asm volatile("" : "+v"(v))

template <class V, int kSums>
float RunVnni(int64_t blocks) {
  typename V::Int weights = V::Bytes(7);
  typename V::Int activations = V::Bytes(3);
  typename V::Int offset = V::Bytes(1);
  typename V::Float scale = V::Broadcast(0.5f);
  typename V::Float sums[kSums];
#pragma GCC unroll 16
  for (int i = 0; i < kSums; ++i) sums[i] = V::Broadcast(0.0f);
  for (int64_t block = 0; block < blocks; ++block) {
    typename V::Int dots[kSums];
#pragma GCC unroll 16
    for (int i = 0; i < kSums; ++i) {
      dots[i] = offset;
      TURNWISE_NEW_VALUE(dots[i]);
    }
#pragma GCC unroll 8
    for (int k = 0; k < kColumns / 4; ++k) {
#pragma GCC unroll 16
      for (int i = 0; i < kSums; ++i) dots[i] = V::Dot(dots[i], weights, activations);
      TURNWISE_NEW_VALUE(weights);
    }
#pragma GCC unroll 16
    for (int i = 0; i < kSums; ++i) {
      sums[i] = V::Fma(V::Times(V::ToFloat(dots[i]), scale), scale, sums[i]);
      TURNWISE_NEW_VALUE(scale);
    }
  }
#pragma GCC unroll 16
  for (int i = 1; i < kSums; ++i) sums[0] = V::Plus(sums[0], sums[i]);
  return V::First(sums[0]);
}

}  // namespace
}  // namespace turnwise
