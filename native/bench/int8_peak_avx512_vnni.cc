// only: x64
// flags: -mavx512f -mavx512bw -mavx512dq -mavx512vl -mavx512vnni -mfma
// AVX-512 VNNI: 32 rows x 6 tokens, 12 integer and 12 float sums in the 32 registers.

// GCC 12 warns of its own undefined placeholder operands inside the intrinsics (GCC bug 105593), which the
// template of the loop inlines.
#if !defined(__clang__)
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
#include <immintrin.h>

#include "int8_peak_vnni.h"

namespace turnwise {
namespace {

struct Zmm {
  using Int = __m512i;
  using Float = __m512;
  static constexpr int kLanes = 16;
  static Int Bytes(char x) { return _mm512_set1_epi8(x); }
  static Float Broadcast(float x) { return _mm512_set1_ps(x); }
  static Int Dot(Int sum, Int a, Int b) { return _mm512_dpbusd_epi32(sum, a, b); }
  static Float ToFloat(Int a) { return _mm512_cvtepi32_ps(a); }
  static Float Times(Float a, Float b) { return _mm512_mul_ps(a, b); }
  static Float Plus(Float a, Float b) { return _mm512_add_ps(a, b); }
  static Float Fma(Float a, Float b, Float c) { return _mm512_fmadd_ps(a, b, c); }
  static float First(Float a) { return _mm512_cvtss_f32(a); }
};

constexpr int kSums = 12;

}  // namespace

const Int8Peak kAvx512VnniInt8Peak = {"avx512-vnni", 2 * kSums * Zmm::kLanes * kColumns, RunVnni<Zmm, kSums>};

}  // namespace turnwise
