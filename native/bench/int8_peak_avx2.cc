// only: x64
// flags: -mavx2 -mfma
// AVX2: vpmaddubsw on nibbles. Eight pair sums of 15 x 127 still fit 16 bits, so they are added there and
// widened once a group. 8 rows x 6 tokens: six sums of each kind fill the 16 registers.
#include <immintrin.h>

#include "int8_peak.h"

namespace turnwise {
namespace {

constexpr int kRows = 8;
constexpr int kTokens = 6;
constexpr int kColumns = 32;

// Makes the compiler take `v` for a new value, at the cost of nothing.
#define TURNWISE_NEW_VALUE(v) asm volatile("" : "+x"(v))

float Run(int64_t blocks) {
  __m256i weights = _mm256_set1_epi8(7);
  __m256i activations = _mm256_set1_epi8(3);
  const __m256i ones = _mm256_set1_epi16(1);
  __m256 scale = _mm256_set1_ps(0.5f);
  __m256 sums[kTokens];
#pragma GCC unroll 6
  for (int t = 0; t < kTokens; ++t) sums[t] = _mm256_setzero_ps();
  for (int64_t block = 0; block < blocks; ++block) {
    __m256i pairs[kTokens];
#pragma GCC unroll 8
    for (int k = 0; k < kColumns / 4; ++k) {
#pragma GCC unroll 6
      for (int t = 0; t < kTokens; ++t) {
        TURNWISE_NEW_VALUE(activations);
        const __m256i product = _mm256_maddubs_epi16(weights, activations);
        pairs[t] = k == 0 ? product : _mm256_add_epi16(pairs[t], product);
        // Else all products come first and spill.
        TURNWISE_NEW_VALUE(pairs[t]);
      }
      TURNWISE_NEW_VALUE(weights);
    }
#pragma GCC unroll 6
    for (int t = 0; t < kTokens; ++t) {
      const __m256 dots = _mm256_cvtepi32_ps(_mm256_madd_epi16(pairs[t], ones));
      sums[t] = _mm256_fmadd_ps(_mm256_mul_ps(dots, scale), scale, sums[t]);
      TURNWISE_NEW_VALUE(scale);
    }
  }
#pragma GCC unroll 6
  for (int t = 1; t < kTokens; ++t) sums[0] = _mm256_add_ps(sums[0], sums[t]);
  return _mm256_cvtss_f32(sums[0]);
}

}  // namespace

const Int8Peak kAvx2Int8Peak = {"avx2", 2 * kRows * kTokens * kColumns, Run};

}  // namespace turnwise
