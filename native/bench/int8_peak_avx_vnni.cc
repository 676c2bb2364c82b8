// only: x64
// flags: -mavx2 -mfma -mavxvnni
// AVX-VNNI: 16 rows x 3 tokens, 6 integer and 6 float sums in the 16 registers.
#include <immintrin.h>

#include "int8_peak_vnni.h"

namespace turnwise {
namespace {

struct Ymm {
  using Int = __m256i;
  using Float = __m256;
  static constexpr int kLanes = 8;
  static Int Bytes(char x) { return _mm256_set1_epi8(x); }
  static Float Broadcast(float x) { return _mm256_set1_ps(x); }
  static Int Dot(Int sum, Int a, Int b) { return _mm256_dpbusd_avx_epi32(sum, a, b); }
  static Float ToFloat(Int a) { return _mm256_cvtepi32_ps(a); }
  static Float Times(Float a, Float b) { return _mm256_mul_ps(a, b); }
  static Float Plus(Float a, Float b) { return _mm256_add_ps(a, b); }
  static Float Fma(Float a, Float b, Float c) { return _mm256_fmadd_ps(a, b, c); }
  static float First(Float a) { return _mm256_cvtss_f32(a); }
};

constexpr int kSums = 6;

}  // namespace

const Int8Peak kAvxVnniInt8Peak = {"avx-vnni", 2 * kSums * Ymm::kLanes * kColumns, RunVnni<Ymm, kSums>};

}  // namespace turnwise
