// The loop of the NEON levels, over a product `P` that adds 32 columns of four outputs to a vector of
// int32: 12 integer and 12 float sums in the 32 registers. Included once by each level's file.
#pragma once

#include <arm_neon.h>

#include "int8_peak.h"

namespace turnwise {
namespace {

constexpr int kColumns = 32;
constexpr int kSums = 12;
constexpr int kOutputs = 4;

// Makes the compiler take `v` for a new value, at the cost of nothing.
#define TURNWISE_NEW_VALUE(v) asm volatile("" : "+w"(v))

template <class P>
float RunNeon(int64_t blocks) {
  int8x16_t weights = vdupq_n_s8(7);
  int8x16_t activations = vdupq_n_s8(3);
  float32x4_t scale = vdupq_n_f32(0.5f);
  float32x4_t sums[kSums];
#pragma GCC unroll 16
  for (int i = 0; i < kSums; ++i) sums[i] = vdupq_n_f32(0.0f);
  for (int64_t block = 0; block < blocks; ++block) {
    int32x4_t dots[kSums];
#pragma GCC unroll 16
    for (int i = 0; i < kSums; ++i) {
      dots[i] = vdupq_n_s32(0);
      TURNWISE_NEW_VALUE(dots[i]);
    }
#pragma GCC unroll 8
    for (int k = 0; k < P::kInstructions; ++k) {
#pragma GCC unroll 16
      for (int i = 0; i < kSums; ++i) dots[i] = P::Dot(dots[i], weights, activations);
      TURNWISE_NEW_VALUE(weights);
    }
#pragma GCC unroll 16
    for (int i = 0; i < kSums; ++i) {
      sums[i] = vfmaq_f32(sums[i], vmulq_f32(vcvtq_f32_s32(dots[i]), scale), scale);
      TURNWISE_NEW_VALUE(scale);
    }
  }
#pragma GCC unroll 16
  for (int i = 1; i < kSums; ++i) sums[0] = vaddq_f32(sums[0], sums[i]);
  return vgetq_lane_f32(sums[0], 0);
}

}  // namespace
}  // namespace turnwise
