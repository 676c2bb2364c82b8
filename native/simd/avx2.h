// The SIMD types of kernels/*.h on AVX2 with FMA and F16C: the vectors of avx2_vectors.h, and dot products by
// vpmaddubsw. simd/scalar.h documents what each operation means.
#pragma once

#include "avx2_vectors.h"

namespace turnwise {
namespace TURNWISE_ISA {

// Both int16 halves of each lane, summed.
inline I32 SumPairs(Bytes pairs) {
  const __m256i ones = _mm256_set1_epi16(1);
  return {_mm256_madd_epi16(pairs.low, ones), _mm256_madd_epi16(pairs.high, ones)};
}

// Keeps the compiler from turning a chain of sums into a tree, which would hold all products at once: far
// more than there are registers.
inline __m256i KeepOrder(__m256i sum) {
  asm("" : "+x"(sum));
  return sum;
}
inline I32 AddInOrder(I32 sum, I32 a) {
  return {KeepOrder(_mm256_add_epi32(sum.low, a.low)), KeepOrder(_mm256_add_epi32(sum.high, a.high))};
}

// Twice, for both int16 of a lane.
inline I32 DotScaleOf(I32 scale) {
  const auto twice = [](__m256i x) { return _mm256_blend_epi16(x, _mm256_slli_epi32(x, 16), 0xaa); };
  return {twice(scale.low), twice(scale.high)};
}

// vpmaddubsw adds two products to an int16 and saturates. Two products of a weight of at most kLargest fit,
// and so do a few of their sums, which are added as int16: one widening for many products, and it multiplies by the
// scale as well.
template <int kLargest, int kZeroPoint>
class WeightDot {
  static constexpr int kSums = 32767 / (2 * 127 * kLargest);
  static_assert(kSums >= 1, "a sum of two products fits int16");

 public:
  static constexpr int kZeroLeft = kZeroPoint;

  void Begin(I32 offset) { BeginWith(offset, DotScaleOf(BroadcastInt(1))); }
  void BeginScaled(I32 scale) { BeginWith(BroadcastInt(0), scale); }
  void Add(Bytes a, FourBytes b) {
    pairs_.low = KeepOrder(_mm256_add_epi16(pairs_.low, _mm256_maddubs_epi16(a.low, b.v)));
    pairs_.high = KeepOrder(_mm256_add_epi16(pairs_.high, _mm256_maddubs_epi16(a.high, b.v)));
    if (++count_ == kSums) Widen();
  }
  I32 Total() {
    if (count_ > 0) Widen();
    return sum_;
  }
  I32 ScaledTotal(I32 /*scale*/) { return Total(); }

 private:
  void BeginWith(I32 sum, I32 scale) {
    sum_ = sum;
    scale_ = scale;
    Restart();
  }
  void Restart() {
    pairs_ = {_mm256_setzero_si256(), _mm256_setzero_si256()};
    count_ = 0;
  }
  void Widen() {
    sum_ = AddInOrder(sum_, DotPairs({pairs_.low, pairs_.high}, scale_));
    Restart();
  }

  I32 sum_;
  I32 scale_;
  Bytes pairs_;
  int count_;
};

// Bytes of 8 bits turn signed, and their sign moves to the other factor: |w| <= 128, so that two products
// fit int16. What they give is the signed product, without an offset.
template <>
class WeightDot<255, 128> {
 public:
  static constexpr int kZeroLeft = 0;

  void Begin(I32 /*offset*/) { sum_ = BroadcastInt(0); }
  void Add(Bytes a, FourBytes b) { sum_ = AddInOrder(sum_, SumPairs({Products(a.low, b.v), Products(a.high, b.v)})); }
  I32 Total() const { return sum_; }

 private:
  static __m256i Products(__m256i a, __m256i b) {
    const __m256i weights = _mm256_xor_si256(a, _mm256_set1_epi8(static_cast<char>(0x80)));
    return _mm256_maddubs_epi16(_mm256_abs_epi8(weights), _mm256_sign_epi8(b, weights));
  }

  I32 sum_;
};

// Attention multiplies int16: a product of pairs costs as much as one of bytes.
inline __m256i AddEvenOdd(__m256i sum, EvenOdd a, EvenOdd b) {
  sum = KeepOrder(_mm256_add_epi32(sum, _mm256_madd_epi16(a.even, b.even)));
  return KeepOrder(_mm256_add_epi32(sum, _mm256_madd_epi16(a.odd, b.odd)));
}

constexpr size_t kQueryBytes = 2;
using Query = EvenOdd;
inline void StoreQuery(uint8_t* p, I32 values) { StoreEvenOdd(p, values); }
inline Query LoadQuery(const uint8_t* p, int quad) { return LoadEvenOdd(p, quad); }

class KeyDot {
 public:
  void Begin(I32 offset) { sum_ = offset; }
  void Add(Bytes keys, Query query) {
    sum_ = {AddEvenOdd(sum_.low, Widen(keys.low), query), AddEvenOdd(sum_.high, Widen(keys.high), query)};
  }
  I32 Total() const { return sum_; }

 private:
  static EvenOdd Widen(__m256i keys) {
    return {_mm256_and_si256(keys, _mm256_set1_epi16(0xff)), _mm256_srli_epi16(keys, 8)};
  }

  I32 sum_;
};

}  // namespace TURNWISE_ISA
}  // namespace turnwise

#include "even_odd_units.h"
