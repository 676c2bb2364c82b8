// What the levels on registers of 256 bits share: vectors of 16 lanes in two of them, by AVX2, FMA and F16C. simd/scalar.h
// documents what each operation means. Block sizes, WeightDot, KeyDot and UnitDot are each level's own.
#pragma once

#include <immintrin.h>

#include <cstdint>
#include <cstring>

#include "../kernels/weight_formats.h"

namespace turnwise {
namespace TURNWISE_ISA {

// Blocks that fit the 16 registers, of which a vector of 16 lanes takes two.
constexpr int kIntGemmTiles = 1;
constexpr int kIntGemmTokens = 6;
constexpr int kIntPanelColumns = 2048;
constexpr int kFloatGemmTiles = 1;
constexpr int kFloatGemmTokens = 6;
constexpr int kAttendRows = 4;
constexpr int kAttendTiles = 1;
constexpr int kAttendFloatVectors = 1;
constexpr int kAttendIntVectors = 1;

constexpr int kLanes = 16;
constexpr WeightLayout kWeightLayout = WeightLayout::kRows16x4;
constexpr int kActivationColumns = kQuantGroup;

// Lanes 0 .. 7 and 8 .. 15.
struct F32 {
  __m256 low, high;
};
struct I32 {
  __m256i low, high;
};
struct Bytes {
  __m256i low, high;
};
struct FourBytes {
  __m256i v;
};

// All ones in the first `count` lanes.
inline I32 FirstLanes(int count) {
  alignas(64) static constexpr int32_t kMasks[32] = {-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
                                                     -1, -1, -1, -1, -1, 0,  0,  0,  0,  0,  0,
                                                     0,  0,  0,  0,  0,  0,  0,  0,  0,  0};
  const int32_t* first = kMasks + 16 - count;
  return {_mm256_loadu_si256(reinterpret_cast<const __m256i*>(first)),
          _mm256_loadu_si256(reinterpret_cast<const __m256i*>(first + 8))};
}

inline F32 Broadcast(float x) { return {_mm256_set1_ps(x), _mm256_set1_ps(x)}; }
inline F32 Zero() { return {_mm256_setzero_ps(), _mm256_setzero_ps()}; }
inline F32 Load(const float* p) { return {_mm256_loadu_ps(p), _mm256_loadu_ps(p + 8)}; }
inline F32 LoadFirst(const float* p, int count) {
  const I32 mask = FirstLanes(count);
  return {_mm256_maskload_ps(p, mask.low), _mm256_maskload_ps(p + 8, mask.high)};
}
inline void Store(float* p, F32 a) {
  _mm256_storeu_ps(p, a.low);
  _mm256_storeu_ps(p + 8, a.high);
}
inline void StoreFirst(float* p, F32 a, int count) {
  const I32 mask = FirstLanes(count);
  _mm256_maskstore_ps(p, mask.low, a.low);
  _mm256_maskstore_ps(p + 8, mask.high, a.high);
}
inline __m128i Load128(const void* p) { return _mm_loadu_si128(static_cast<const __m128i*>(p)); }
inline float FirstLane(F32 a) { return _mm256_cvtss_f32(a.low); }
inline F32 LoadF16(const uint16_t* p) { return {_mm256_cvtph_ps(Load128(p)), _mm256_cvtph_ps(Load128(p + 8))}; }
inline void StoreF16(uint16_t* p, F32 a) {
  _mm_storeu_si128(reinterpret_cast<__m128i*>(p), _mm256_cvtps_ph(a.low, _MM_FROUND_TO_NEAREST_INT));
  _mm_storeu_si128(reinterpret_cast<__m128i*>(p + 8), _mm256_cvtps_ph(a.high, _MM_FROUND_TO_NEAREST_INT));
}
inline F32 LoadBf16(const uint16_t* p) {
  const auto widen = [](__m128i halves) {
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(halves), 16));
  };
  return {widen(Load128(p)), widen(Load128(p + 8))};
}

inline F32 operator+(F32 a, F32 b) { return {_mm256_add_ps(a.low, b.low), _mm256_add_ps(a.high, b.high)}; }
inline F32 operator-(F32 a, F32 b) { return {_mm256_sub_ps(a.low, b.low), _mm256_sub_ps(a.high, b.high)}; }
inline F32 operator*(F32 a, F32 b) { return {_mm256_mul_ps(a.low, b.low), _mm256_mul_ps(a.high, b.high)}; }
inline F32 operator/(F32 a, F32 b) { return {_mm256_div_ps(a.low, b.low), _mm256_div_ps(a.high, b.high)}; }
inline F32 Fma(F32 a, F32 b, F32 c) {
  return {_mm256_fmadd_ps(a.low, b.low, c.low), _mm256_fmadd_ps(a.high, b.high, c.high)};
}
inline F32 Max(F32 a, F32 b) { return {_mm256_max_ps(a.low, b.low), _mm256_max_ps(a.high, b.high)}; }
inline F32 Min(F32 a, F32 b) { return {_mm256_min_ps(a.low, b.low), _mm256_min_ps(a.high, b.high)}; }
inline __m256 MaxBits(__m256 a, __m256 b) {
  return _mm256_castsi256_ps(_mm256_max_epi32(_mm256_castps_si256(a), _mm256_castps_si256(b)));
}
inline F32 MaxMagnitude(F32 a, F32 b) { return {MaxBits(a.low, b.low), MaxBits(a.high, b.high)}; }
inline F32 Abs(F32 a) {
  const __m256 magnitude = _mm256_castsi256_ps(_mm256_set1_epi32(0x7fffffff));
  return {_mm256_and_ps(a.low, magnitude), _mm256_and_ps(a.high, magnitude)};
}
inline F32 Round(F32 a) {
  constexpr int kNearest = _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC;
  return {_mm256_round_ps(a.low, kNearest), _mm256_round_ps(a.high, kNearest)};
}
inline F32 AddToExponent(F32 a, F32 n) {
  const auto add = [](__m256 x, __m256 power) {
    const __m256i exponent = _mm256_slli_epi32(_mm256_cvtps_epi32(power), 23);
    return _mm256_castsi256_ps(_mm256_add_epi32(_mm256_castps_si256(x), exponent));
  };
  return {add(a.low, n.low), add(a.high, n.high)};
}
// In two steps, as in scalar.h: rounding to a subnormal then happens once, in the second.
inline F32 ScaleByPowerOfTwo(F32 a, F32 n) {
  const auto scale = [](__m256 x, __m256 power) {
    const __m256i whole = _mm256_cvtps_epi32(power);
    const __m256i half = _mm256_srai_epi32(whole, 1);
    const auto factor = [](__m256i exponent) {
      return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_add_epi32(exponent, _mm256_set1_epi32(127)), 23));
    };
    return _mm256_mul_ps(_mm256_mul_ps(x, factor(half)), factor(_mm256_sub_epi32(whole, half)));
  };
  return {scale(a.low, n.low), scale(a.high, n.high)};
}
inline F32 KeepFirst(F32 a, int count, F32 rest) {
  const I32 mask = FirstLanes(count);
  return {_mm256_blendv_ps(rest.low, a.low, _mm256_castsi256_ps(mask.low)),
          _mm256_blendv_ps(rest.high, a.high, _mm256_castsi256_ps(mask.high))};
}
inline float Sum(F32 a) {
  const __m256 eight = _mm256_add_ps(a.low, a.high);
  const __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
  const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}
inline float Largest(F32 a) {
  const __m256 eight = _mm256_max_ps(a.low, a.high);
  const __m128 four = _mm_max_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
  const __m128 two = _mm_max_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_max_ss(two, _mm_movehdup_ps(two)));
}

inline float LargestMagnitude(F32 a) {
  const __m256i eight = _mm256_castps_si256(MaxBits(a.low, a.high));
  const __m128i four = _mm_max_epi32(_mm256_castsi256_si128(eight), _mm256_extracti128_si256(eight, 1));
  const __m128i two = _mm_max_epi32(four, _mm_unpackhi_epi64(four, four));
  return _mm_cvtss_f32(_mm_castsi128_ps(_mm_max_epi32(two, _mm_shuffle_epi32(two, 1))));
}

inline I32 BroadcastInt(int32_t x) { return {_mm256_set1_epi32(x), _mm256_set1_epi32(x)}; }
inline I32 operator+(I32 a, I32 b) { return {_mm256_add_epi32(a.low, b.low), _mm256_add_epi32(a.high, b.high)}; }
inline I32 operator&(I32 a, I32 b) { return {_mm256_and_si256(a.low, b.low), _mm256_and_si256(a.high, b.high)}; }
inline F32 ToFloat(I32 a) { return {_mm256_cvtepi32_ps(a.low), _mm256_cvtepi32_ps(a.high)}; }
inline I32 ToInt(F32 a) { return {_mm256_cvtps_epi32(a.low), _mm256_cvtps_epi32(a.high)}; }
inline I32 ClampInt(I32 a, int32_t low, int32_t high) {
  const auto clamp = [=](__m256i x) {
    return _mm256_min_epi32(_mm256_max_epi32(x, _mm256_set1_epi32(low)), _mm256_set1_epi32(high));
  };
  return {clamp(a.low), clamp(a.high)};
}
inline int32_t SumInt(I32 a) {
  const __m256i eight = _mm256_add_epi32(a.low, a.high);
  const __m128i four = _mm_add_epi32(_mm256_castsi256_si128(eight), _mm256_extracti128_si256(eight, 1));
  const __m128i two = _mm_add_epi32(four, _mm_unpackhi_epi64(four, four));
  return _mm_cvtsi128_si32(_mm_add_epi32(two, _mm_shuffle_epi32(two, 1)));
}
// The low 16 bits of each lane, in order; lanes are at most 0xffff.
inline __m256i PackHalves(I32 a) {
  return _mm256_permute4x64_epi64(_mm256_packus_epi32(a.low, a.high), _MM_SHUFFLE(3, 1, 2, 0));
}
inline void StoreLowBytes(uint8_t* p, I32 a) {
  const __m256i mask = _mm256_set1_epi32(0xff);
  const __m256i halves = PackHalves({_mm256_and_si256(a.low, mask), _mm256_and_si256(a.high, mask)});
  const __m128i bytes = _mm_packus_epi16(_mm256_castsi256_si128(halves), _mm256_extracti128_si256(halves, 1));
  _mm_storeu_si128(reinterpret_cast<__m128i*>(p), bytes);
}
inline I32 LoadInt(const int32_t* p) {
  return {_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)),
          _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p + 8))};
}
inline void StoreInt(int32_t* p, I32 a) {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), a.low);
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(p + 8), a.high);
}
inline void TakeLarger(F32 x, I32 index, F32* best, I32* best_index) {
  const auto take = [](__m256 x_half, __m256i index_half, __m256* best_half, __m256i* best_index_half) {
    const __m256 larger = _mm256_cmp_ps(x_half, *best_half, _CMP_GT_OQ);
    *best_half = _mm256_blendv_ps(*best_half, x_half, larger);
    *best_index_half = _mm256_blendv_epi8(*best_index_half, index_half, _mm256_castps_si256(larger));
  };
  take(x.low, index.low, &best->low, &best_index->low);
  take(x.high, index.high, &best->high, &best_index->high);
}

inline I32 LoadSignedBytes(const int8_t* p) {
  const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
  return {_mm256_cvtepi8_epi32(bytes), _mm256_cvtepi8_epi32(_mm_srli_si128(bytes, 8))};
}
inline I32 LoadUnsignedBytes(const uint8_t* p) {
  const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
  return {_mm256_cvtepu8_epi32(bytes), _mm256_cvtepu8_epi32(_mm_srli_si128(bytes, 8))};
}

inline Bytes LoadBytes(const uint8_t* p) {
  return {_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)),
          _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p + 32))};
}
inline void StoreBytes(uint8_t* p, Bytes a) {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), a.low);
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(p + 32), a.high);
}
inline FourBytes BroadcastFour(const void* p) {
  int32_t word;
  std::memcpy(&word, p, sizeof word);
  return {_mm256_set1_epi32(word)};
}
inline Bytes LowNibbles(Bytes a) {
  const __m256i mask = _mm256_set1_epi8(0x0f);
  return {_mm256_and_si256(a.low, mask), _mm256_and_si256(a.high, mask)};
}
inline Bytes HighNibbles(Bytes a) {
  return LowNibbles({_mm256_srli_epi16(a.low, 4), _mm256_srli_epi16(a.high, 4)});
}
inline Bytes operator|(Bytes a, Bytes b) {
  return {_mm256_or_si256(a.low, b.low), _mm256_or_si256(a.high, b.high)};
}
// The shifts of 16 bits carry bits from byte to byte, which the mask drops. They take constants only.
inline __m256i ShiftWordsRight(__m256i a, int bits) {
  switch (bits) {
    case -4: return _mm256_slli_epi16(a, 4);
    case -3: return _mm256_slli_epi16(a, 3);
    case -2: return _mm256_slli_epi16(a, 2);
    case -1: return _mm256_slli_epi16(a, 1);
    case 1: return _mm256_srli_epi16(a, 1);
    case 2: return _mm256_srli_epi16(a, 2);
    case 3: return _mm256_srli_epi16(a, 3);
    case 4: return _mm256_srli_epi16(a, 4);
    case 5: return _mm256_srli_epi16(a, 5);
    case 6: return _mm256_srli_epi16(a, 6);
    default: return a;
  }
}
inline Bytes MoveBits(Bytes a, int from, int width, int to) {
  const __m256i mask = _mm256_set1_epi8(static_cast<char>(((1 << width) - 1) << to));
  return {_mm256_and_si256(ShiftWordsRight(a.low, from - to), mask),
          _mm256_and_si256(ShiftWordsRight(a.high, from - to), mask)};
}
inline Bytes InsertBits(Bytes a, Bytes b, int from, int width, int to) { return a | MoveBits(b, from, width, to); }
inline Bytes LookUp(Bytes a, const uint8_t* table) {
  const __m256i levels = _mm256_broadcastsi128_si256(_mm_loadu_si128(reinterpret_cast<const __m128i*>(table)));
  return {_mm256_shuffle_epi8(levels, a.low), _mm256_shuffle_epi8(levels, a.high)};
}
inline I32 DotPairs(I32 a, I32 b) { return {_mm256_madd_epi16(a.low, b.low), _mm256_madd_epi16(a.high, b.high)}; }
inline I32 MultiplyInt(I32 a, I32 b) {
  return {_mm256_mullo_epi32(a.low, b.low), _mm256_mullo_epi32(a.high, b.high)};
}

// Factors of bytes 0, 2, 1, 3 of each four as int16: pairs for the even and the odd bytes of a lane.
struct EvenOdd {
  __m256i even, odd;
};
// Of lanes that fit int16.
inline void StoreEvenOdd(uint8_t* p, I32 a) {
  const __m256i halves = _mm256_permute4x64_epi64(_mm256_packs_epi32(a.low, a.high), _MM_SHUFFLE(3, 1, 2, 0));
  const __m256i order = _mm256_broadcastsi128_si256(
      _mm_setr_epi8(0, 1, 4, 5, 2, 3, 6, 7, 8, 9, 12, 13, 10, 11, 14, 15));
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), _mm256_shuffle_epi8(halves, order));
}
inline EvenOdd LoadEvenOdd(const uint8_t* p, int quad) {
  return {BroadcastFour(p + 8 * quad).v, BroadcastFour(p + 8 * quad + 4).v};
}

inline void Prefetch(const void* p) { _mm_prefetch(static_cast<const char*>(p), _MM_HINT_T0); }
inline void PrefetchFar(const void* p) { _mm_prefetch(static_cast<const char*>(p), _MM_HINT_T1); }

}  // namespace TURNWISE_ISA
}  // namespace turnwise
