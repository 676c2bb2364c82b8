// The SIMD types of kernels/*.h on AVX-512 with VNNI: 16 lanes in one register. simd/scalar.h documents
// what each operation means.
#pragma once

#ifdef TURNWISE_EMULATE_AVX512
#include "../test/emulated_avx512.h"
#else
// GCC 12 warns of its own undefined placeholder operands inside the intrinsics (GCC bug 105593).
#pragma GCC diagnostic push
#if !defined(__clang__)
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
#include <immintrin.h>
#pragma GCC diagnostic pop
#endif

#include <cstdint>
#include <cstring>

#include "../kernels/weight_formats.h"

namespace turnwise {
namespace TURNWISE_ISA {

// Blocks that fit the 32 registers; see kernels/gemm_*.h and kernels/attend_*.h for how they are used.
constexpr int kIntGemmTiles = 2;
constexpr int kIntGemmTokens = 6;
constexpr int kIntPanelColumns = 0;
constexpr int kFloatGemmTiles = 4;
constexpr int kFloatGemmTokens = 6;
constexpr int kAttendRows = 4;
constexpr int kAttendTiles = 4;
constexpr int kAttendFloatVectors = 4;
constexpr int kAttendIntVectors = 2;

constexpr int kLanes = 16;
constexpr WeightLayout kWeightLayout = WeightLayout::kRows16x4;
constexpr int kActivationColumns = kQuantGroup;

struct F32 {
  __m512 v;
};
struct I32 {
  __m512i v;
};
struct Bytes {
  __m512i v;
};
struct FourBytes {
  __m512i v;
};

inline __mmask16 FirstLanes(int count) { return static_cast<__mmask16>((1u << count) - 1); }

inline F32 Zero() { return {_mm512_setzero_ps()}; }
inline F32 Broadcast(float x) { return {_mm512_set1_ps(x)}; }
inline F32 Load(const float* p) { return {_mm512_loadu_ps(p)}; }
inline F32 LoadFirst(const float* p, int count) { return {_mm512_maskz_loadu_ps(FirstLanes(count), p)}; }
inline void Store(float* p, F32 a) { _mm512_storeu_ps(p, a.v); }
inline void StoreFirst(float* p, F32 a, int count) { _mm512_mask_storeu_ps(p, FirstLanes(count), a.v); }
inline float FirstLane(F32 a) { return _mm512_cvtss_f32(a.v); }
inline F32 LoadF16(const uint16_t* p) {
  return {_mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)))};
}
inline void StoreF16(uint16_t* p, F32 a) {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), _mm512_cvtps_ph(a.v, _MM_FROUND_TO_NEAREST_INT));
}
inline F32 LoadBf16(const uint16_t* p) {
  const __m512i wide = _mm512_cvtepu16_epi32(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
  return {_mm512_castsi512_ps(_mm512_slli_epi32(wide, 16))};
}

inline F32 operator+(F32 a, F32 b) { return {_mm512_add_ps(a.v, b.v)}; }
inline F32 operator-(F32 a, F32 b) { return {_mm512_sub_ps(a.v, b.v)}; }
inline F32 operator*(F32 a, F32 b) { return {_mm512_mul_ps(a.v, b.v)}; }
inline F32 operator/(F32 a, F32 b) { return {_mm512_div_ps(a.v, b.v)}; }
inline F32 Fma(F32 a, F32 b, F32 c) { return {_mm512_fmadd_ps(a.v, b.v, c.v)}; }
inline F32 Max(F32 a, F32 b) { return {_mm512_max_ps(a.v, b.v)}; }
inline F32 Min(F32 a, F32 b) { return {_mm512_min_ps(a.v, b.v)}; }
inline F32 MaxMagnitude(F32 a, F32 b) {
  return {_mm512_castsi512_ps(_mm512_max_epi32(_mm512_castps_si512(a.v), _mm512_castps_si512(b.v)))};
}
inline F32 Abs(F32 a) { return {_mm512_abs_ps(a.v)}; }
inline F32 Round(F32 a) {
  return {_mm512_roundscale_ps(a.v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC)};
}
inline F32 ScaleByPowerOfTwo(F32 a, F32 n) { return {_mm512_scalef_ps(a.v, n.v)}; }
inline F32 AddToExponent(F32 a, F32 n) { return ScaleByPowerOfTwo(a, n); }
inline F32 KeepFirst(F32 a, int count, F32 rest) { return {_mm512_mask_mov_ps(rest.v, FirstLanes(count), a.v)}; }
inline float Sum(F32 a) { return _mm512_reduce_add_ps(a.v); }
inline float Largest(F32 a) { return _mm512_reduce_max_ps(a.v); }
inline float LargestMagnitude(F32 a) {
  return _mm_cvtss_f32(_mm_castsi128_ps(_mm_cvtsi32_si128(_mm512_reduce_max_epi32(_mm512_castps_si512(a.v)))));
}

inline I32 BroadcastInt(int32_t x) { return {_mm512_set1_epi32(x)}; }
inline I32 operator+(I32 a, I32 b) { return {_mm512_add_epi32(a.v, b.v)}; }
inline I32 operator&(I32 a, I32 b) { return {_mm512_and_si512(a.v, b.v)}; }
inline F32 ToFloat(I32 a) { return {_mm512_cvtepi32_ps(a.v)}; }
inline I32 ToInt(F32 a) { return {_mm512_cvtps_epi32(a.v)}; }
inline I32 ClampInt(I32 a, int32_t low, int32_t high) {
  return {_mm512_min_epi32(_mm512_max_epi32(a.v, _mm512_set1_epi32(low)), _mm512_set1_epi32(high))};
}
inline int32_t SumInt(I32 a) { return _mm512_reduce_add_epi32(a.v); }
inline void StoreLowBytes(uint8_t* p, I32 a) {
  _mm_storeu_si128(reinterpret_cast<__m128i*>(p), _mm512_cvtepi32_epi8(a.v));
}
inline void TakeLarger(F32 x, I32 index, F32* best, I32* best_index) {
  const __mmask16 larger = _mm512_cmp_ps_mask(x.v, best->v, _CMP_GT_OQ);
  best->v = _mm512_mask_mov_ps(best->v, larger, x.v);
  best_index->v = _mm512_mask_mov_epi32(best_index->v, larger, index.v);
}
inline void StoreInt(int32_t* p, I32 a) { _mm512_storeu_si512(p, a.v); }
inline I32 LoadInt(const int32_t* p) { return {_mm512_loadu_si512(p)}; }

inline I32 LoadSignedBytes(const int8_t* p) {
  return {_mm512_cvtepi8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)))};
}
inline I32 LoadUnsignedBytes(const uint8_t* p) {
  return {_mm512_cvtepu8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)))};
}

inline Bytes LoadBytes(const uint8_t* p) { return {_mm512_loadu_si512(p)}; }
inline FourBytes BroadcastFour(const void* p) {
  int32_t word;
  std::memcpy(&word, p, sizeof word);
  return {_mm512_set1_epi32(word)};
}
inline Bytes LowNibbles(Bytes a) { return {_mm512_and_si512(a.v, _mm512_set1_epi8(0x0f))}; }
inline Bytes HighNibbles(Bytes a) {
  return {_mm512_and_si512(_mm512_srli_epi16(a.v, 4), _mm512_set1_epi8(0x0f))};
}
inline Bytes operator|(Bytes a, Bytes b) { return {_mm512_or_si512(a.v, b.v)}; }
// The shifts of 16 bits carry bits from byte to byte, which the mask drops. They take constants only.
inline __m512i ShiftWordsRight(__m512i a, int bits) {
  switch (bits) {
    case -4: return _mm512_slli_epi16(a, 4);
    case -3: return _mm512_slli_epi16(a, 3);
    case -2: return _mm512_slli_epi16(a, 2);
    case -1: return _mm512_slli_epi16(a, 1);
    case 1: return _mm512_srli_epi16(a, 1);
    case 2: return _mm512_srli_epi16(a, 2);
    case 3: return _mm512_srli_epi16(a, 3);
    case 4: return _mm512_srli_epi16(a, 4);
    case 5: return _mm512_srli_epi16(a, 5);
    case 6: return _mm512_srli_epi16(a, 6);
    default: return a;
  }
}
inline Bytes MoveBits(Bytes a, int from, int width, int to) {
  const __m512i mask = _mm512_set1_epi8(static_cast<char>(((1 << width) - 1) << to));
  return {_mm512_and_si512(ShiftWordsRight(a.v, from - to), mask)};
}
inline Bytes InsertBits(Bytes a, Bytes b, int from, int width, int to) { return a | MoveBits(b, from, width, to); }
inline Bytes LookUp(Bytes a, const uint8_t* table) {
  const __m128i levels = _mm_loadu_si128(reinterpret_cast<const __m128i*>(table));
  return {_mm512_shuffle_epi8(_mm512_broadcast_i32x4(levels), a.v)};
}

inline I32 DotPairs(I32 a, I32 b) { return {_mm512_madd_epi16(a.v, b.v)}; }
inline I32 MultiplyInt(I32 a, I32 b) { return {_mm512_mullo_epi32(a.v, b.v)}; }
inline void StoreBytes(uint8_t* p, Bytes a) { _mm512_storeu_si512(p, a.v); }

// The compiler's own form of it copies the sum before and after; those copies are a tenth of attention.
inline __attribute__((always_inline)) __m512i AddDots(__m512i sum, __m512i a, __m512i b) {
#ifdef TURNWISE_EMULATE_AVX512
  return _mm512_dpbusd_epi32(sum, a, b);
#else
  asm("vpdpbusd %2, %1, %0" : "+v"(sum) : "v"(a), "v"(b));
  return sum;
#endif
}
inline __attribute__((always_inline)) I32 AddDots(I32 sum, Bytes a, FourBytes b) { return {AddDots(sum.v, a.v, b.v)}; }
inline __attribute__((always_inline)) I32 AddDots(I32 sum, FourBytes a, Bytes b) { return {AddDots(sum.v, a.v, b.v)}; }

// Of four tokens the high bytes, then the low ones: two unsigned operands of vpdpbusd.
constexpr int kMaxUnit = 32767;
struct Units {
  FourBytes high, low;
};
inline void StoreUnits(uint8_t* p, I32 units) {
  const __m512i order = _mm512_broadcast_i32x4(_mm_setr_epi8(1, 5, 9, 13, 0, 4, 8, 12, -1, -1, -1, -1, -1, -1, -1, -1));
  const __m512i bytes = _mm512_shuffle_epi8(units.v, order);
  const __m512i packed = _mm512_permutexvar_epi64(_mm512_setr_epi64(0, 2, 4, 6, 1, 3, 5, 7), bytes);
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), _mm512_castsi512_si256(packed));
}
inline Units LoadUnits(const uint8_t* p, int quad) {
  return {BroadcastFour(p + 8 * quad), BroadcastFour(p + 8 * quad + 4)};
}

class UnitDot {
 public:
  void Begin() { high_ = low_ = BroadcastInt(0); }
  void Add(Units units, Bytes values) {
    high_ = AddDots(high_, units.high, values);
    low_ = AddDots(low_, units.low, values);
  }
  I32 Total() const { return I32{_mm512_slli_epi32(high_.v, 8)} + low_; }

 private:
  I32 high_, low_;
};

inline void Prefetch(const void* p) { _mm_prefetch(static_cast<const char*>(p), _MM_HINT_T0); }
inline void PrefetchFar(const void* p) { _mm_prefetch(static_cast<const char*>(p), _MM_HINT_T1); }

}  // namespace TURNWISE_ISA
}  // namespace turnwise

#include "vnni_dots.h"
