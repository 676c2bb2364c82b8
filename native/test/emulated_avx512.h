// AVX-512 on CPUs without it, for tests alone: SIMDe's portable versions of the intrinsics, and here those
// that its releases lack. Everything that simd/avx512_vnni.h uses; slow, and the same results.
#pragma once

#define SIMDE_ENABLE_NATIVE_ALIASES
#include <simde/x86/avx512.h>
#include <simde/x86/f16c.h>
#include <simde/x86/fma.h>

#include <cmath>
#include <cstdint>
#include <cstring>

namespace emulated {

template <class Element, int kBytes>
struct Lanes {
  static constexpr int kCount = kBytes / static_cast<int>(sizeof(Element));
  Element lane[kCount];

  template <class Vector>
  static Lanes Of(Vector v) {
    static_assert(sizeof v == kBytes);
    Lanes out;
    std::memcpy(out.lane, &v, sizeof v);
    return out;
  }
  template <class Vector>
  void CopyTo(Vector* v) const {
    static_assert(sizeof *v == kBytes);
    std::memcpy(v, lane, sizeof *v);
  }
};

using Floats = Lanes<float, 64>;
using Ints = Lanes<int32_t, 64>;
using Pairs = Lanes<int16_t, 64>;
using Halves = Lanes<uint16_t, 32>;
using Quarters = Lanes<uint8_t, 16>;

template <class To, class Vector, class From, class Function>
Vector Map(From from, Function f) {
  To to;
  for (int i = 0; i < To::kCount; ++i) to.lane[i] = f(from.lane[i]);
  Vector out;
  to.CopyTo(&out);
  return out;
}

// In halves, as the instruction sequence of the real one.
template <class All, class Function>
auto Reduce(All all, Function f) {
  for (int half = All::kCount / 2; half > 0; half /= 2) {
    for (int i = 0; i < half; ++i) all.lane[i] = f(all.lane[i], all.lane[i + half]);
  }
  return all.lane[0];
}

inline simde__m128i CvtEpi32Epi8(simde__m512i a) {
  return Map<Quarters, simde__m128i>(Ints::Of(a), [](int32_t x) { return static_cast<uint8_t>(x); });
}
inline simde__m512 CvtEpi32Ps(simde__m512i a) {
  return Map<Floats, simde__m512>(Ints::Of(a), [](int32_t x) { return static_cast<float>(x); });
}
inline simde__m512i CvtEpu16Epi32(simde__m256i a) {
  return Map<Ints, simde__m512i>(Halves::Of(a), [](uint16_t x) { return static_cast<int32_t>(x); });
}
inline simde__m512i CvtEpi8Epi32(simde__m128i a) {
  return Map<Ints, simde__m512i>(Quarters::Of(a), [](uint8_t x) { return int32_t{static_cast<int8_t>(x)}; });
}
inline simde__m512i CvtEpu8Epi32(simde__m128i a) {
  return Map<Ints, simde__m512i>(Quarters::Of(a), [](uint8_t x) { return int32_t{x}; });
}
inline simde__m512i CvtPsEpi32(simde__m512 a) {
  return Map<Ints, simde__m512i>(Floats::Of(a), [](float x) {
           const bool fits = x >= -2147483648.0f && x < 2147483648.0f;
           return fits ? static_cast<int32_t>(std::nearbyint(x)) : INT32_MIN;
         });
}
inline simde__m512 CvtPhPs(simde__m256i a) {
  return Map<Floats, simde__m512>(Halves::Of(a), [](uint16_t x) {
           _Float16 half;
           std::memcpy(&half, &x, sizeof half);
           return static_cast<float>(half);
         });
}
inline simde__m256i CvtPsPh(simde__m512 a) {
  return Map<Halves, simde__m256i>(Floats::Of(a), [](float x) {
           const _Float16 half = static_cast<_Float16>(x);
           uint16_t bits;
           std::memcpy(&bits, &half, sizeof bits);
           return bits;
         });
}
inline void MaskStorePs(float* p, simde__mmask16 mask, simde__m512 a) {
  const Floats floats = Floats::Of(a);
  for (int i = 0; i < Floats::kCount; ++i) {
    if (mask >> i & 1) p[i] = floats.lane[i];
  }
}
inline simde__m512 MaskLoadPs(simde__mmask16 mask, const float* p) {
  Floats floats;
  for (int i = 0; i < Floats::kCount; ++i) floats.lane[i] = mask >> i & 1 ? p[i] : 0.0f;
  simde__m512 out;
  floats.CopyTo(&out);
  return out;
}
inline simde__m512i MaddEpi16(simde__m512i a, simde__m512i b) {
  const Pairs x = Pairs::Of(a);
  const Pairs y = Pairs::Of(b);
  Ints sums;
  for (int i = 0; i < Ints::kCount; ++i) {
    sums.lane[i] = x.lane[2 * i] * y.lane[2 * i] + x.lane[2 * i + 1] * y.lane[2 * i + 1];
  }
  simde__m512i out;
  sums.CopyTo(&out);
  return out;
}
inline int32_t Add(int32_t a, int32_t b) { return static_cast<int32_t>(static_cast<uint32_t>(a) + static_cast<uint32_t>(b)); }

// SIMDe leaves a NaN its sign.
inline simde__m512 AbsPs(simde__m512 a) {
  return Map<Ints, simde__m512>(Ints::Of(a), [](int32_t bits) { return bits & 0x7fffffff; });
}

}  // namespace emulated

#undef _mm512_cvtepi32_epi8
#define _mm512_cvtepi32_epi8(a) emulated::CvtEpi32Epi8(a)
#undef _mm512_cvtepi8_epi32
#define _mm512_cvtepi8_epi32(a) emulated::CvtEpi8Epi32(a)
#undef _mm512_cvtepu8_epi32
#define _mm512_cvtepu8_epi32(a) emulated::CvtEpu8Epi32(a)
#undef _mm512_cvtepi32_ps
#define _mm512_cvtepi32_ps(a) emulated::CvtEpi32Ps(a)
#undef _mm512_cvtepu16_epi32
#define _mm512_cvtepu16_epi32(a) emulated::CvtEpu16Epi32(a)
#undef _mm512_cvtps_epi32
#define _mm512_cvtps_epi32(a) emulated::CvtPsEpi32(a)
#undef _mm512_cvtph_ps
#define _mm512_cvtph_ps(a) emulated::CvtPhPs(a)
#undef _mm512_cvtps_ph
#define _mm512_cvtps_ph(a, rounding) emulated::CvtPsPh(a)
#undef _mm512_cvtss_f32
#define _mm512_cvtss_f32(a) (emulated::Floats::Of(a).lane[0])
// SIMDe 0.7.4 gives this name the parameters of another.
#undef _mm512_madd_epi16
#define _mm512_madd_epi16(a, b) emulated::MaddEpi16(a, b)
#undef _mm512_mask_storeu_ps
#define _mm512_mask_storeu_ps(p, mask, a) emulated::MaskStorePs(p, mask, a)
#undef _mm512_maskz_loadu_ps
#define _mm512_maskz_loadu_ps(mask, p) emulated::MaskLoadPs(mask, p)
#undef _mm512_reduce_add_epi32
#define _mm512_reduce_add_epi32(a) emulated::Reduce(emulated::Ints::Of(a), emulated::Add)
#undef _mm512_reduce_add_ps
#define _mm512_reduce_add_ps(a) emulated::Reduce(emulated::Floats::Of(a), [](float x, float y) { return x + y; })
#undef _mm512_abs_ps
#define _mm512_abs_ps(a) emulated::AbsPs(a)
#undef _mm512_reduce_max_epi32
#define _mm512_reduce_max_epi32(a) emulated::Reduce(emulated::Ints::Of(a), [](int32_t x, int32_t y) { return x > y ? x : y; })
#undef _mm512_reduce_max_ps
#define _mm512_reduce_max_ps(a) emulated::Reduce(emulated::Floats::Of(a), [](float x, float y) { return x > y ? x : y; })
