// The SIMD types of kernels/*.h on AVX-VNNI: the vectors of avx2_vectors.h, and dot products by vpdpbusd. simd/scalar.h
// documents what each operation means.
#pragma once

#include "avx2_vectors.h"

namespace turnwise {
namespace TURNWISE_ISA {

// Blocks that fit the 16 registers, of which a vector of 16 lanes takes two, and a UnitDot four.
constexpr int kIntGemmTiles = 1;
constexpr int kIntGemmTokens = 6;
constexpr int kIntPanelColumns = 2048;
constexpr int kFloatGemmTiles = 1;
constexpr int kFloatGemmTokens = 6;
constexpr int kAttendRows = 2;
constexpr int kAttendTiles = 2;
constexpr int kAttendFloatVectors = 2;
constexpr int kAttendIntVectors = 1;

// The compiler's own form of it copies the sum before and after. Without {vex} the assembler takes that of AVX-512.
inline __attribute__((always_inline)) __m256i AddDots(__m256i sum, __m256i a, __m256i b) {
  asm("%{vex%} vpdpbusd %2, %1, %0" : "+x"(sum) : "x"(a), "x"(b));
  return sum;
}
inline __attribute__((always_inline)) I32 AddDots(I32 sum, Bytes a, FourBytes b) {
  return {AddDots(sum.low, a.low, b.v), AddDots(sum.high, a.high, b.v)};
}
inline __attribute__((always_inline)) I32 AddDots(I32 sum, FourBytes a, Bytes b) {
  return {AddDots(sum.low, a.v, b.low), AddDots(sum.high, a.v, b.high)};
}

inline void StoreUnits(uint8_t* p, I32 units) {
  const __m256i order = _mm256_broadcastsi128_si256(
      _mm_setr_epi8(1, 3, 5, 7, 0, 2, 4, 6, 9, 11, 13, 15, 8, 10, 12, 14));
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), _mm256_shuffle_epi8(PackHalves(units), order));
}

}  // namespace TURNWISE_ISA
}  // namespace turnwise

#include "vnni_dots.h"
