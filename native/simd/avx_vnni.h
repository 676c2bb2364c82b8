// The SIMD types of kernels/*.h on AVX-VNNI: the vectors of avx2_vectors.h, and dot products by vpdpbusd and
// vpdpwssd. simd/scalar.h documents what each operation means.
#pragma once

#include "avx2_vectors.h"

namespace turnwise {
namespace TURNWISE_ISA {

// The compiler's own form of it copies the sum before and after. Without {vex} the assembler takes that of AVX-512.
inline __attribute__((always_inline)) __m256i AddDots(__m256i sum, __m256i a, __m256i b) {
  asm("%{vex%} vpdpbusd %2, %1, %0" : "+x"(sum) : "x"(a), "x"(b));
  return sum;
}
inline __attribute__((always_inline)) I32 AddDots(I32 sum, Bytes a, FourBytes b) {
  return {AddDots(sum.low, a.low, b.v), AddDots(sum.high, a.high, b.v)};
}
// The same of pairs of int16.
inline __attribute__((always_inline)) __m256i AddPairs(__m256i sum, __m256i a, __m256i b) {
  asm("%{vex%} vpdpwssd %2, %1, %0" : "+x"(sum) : "x"(a), "x"(b));
  return sum;
}
inline __m256i AddEvenOdd(__m256i sum, EvenOdd a, EvenOdd b) {
  return AddPairs(AddPairs(sum, a.even, b.even), a.odd, b.odd);
}

}  // namespace TURNWISE_ISA
}  // namespace turnwise

#include "even_odd_units.h"
#include "vnni_dots.h"
