// Functions on vectors, written once over the SIMD types of the level that includes this file.
#pragma once

namespace turnwise {
namespace TURNWISE_ISA {

// e^x within 2 ulp: x = n ln 2 + r with |r| <= ln 2 / 2, then the degree-6 polynomial of Cephes' expf.
// Results below the subnormals are 0, above the largest float infinity; NaN stays NaN.
inline F32 Exp(F32 x) {
  // The limits come first in Min and Max, so that NaN passes.
  const F32 bounded = Max(Broadcast(-105.0f), Min(Broadcast(89.0f), x));
  const F32 n = Round(bounded * Broadcast(1.44269504f));
  // ln 2 in two parts, the first with so few bits that n times it is exact.
  const F32 r = Fma(n, Broadcast(2.12194440e-4f), Fma(n, Broadcast(-0.693359375f), bounded));
  F32 p = Broadcast(1.9875691500e-4f);
  p = Fma(p, r, Broadcast(1.3981999507e-3f));
  p = Fma(p, r, Broadcast(8.3334519073e-3f));
  p = Fma(p, r, Broadcast(4.1665795894e-2f));
  p = Fma(p, r, Broadcast(1.6666665459e-1f));
  p = Fma(p, r, Broadcast(5.0000001201e-1f));
  const F32 e = Fma(p, r * r, r) + Broadcast(1.0f);
  return ScaleByPowerOfTwo(e, n);
}

inline float ExpOne(float x) {
  return FirstLane(Exp(Broadcast(x)));
}

}  // namespace TURNWISE_ISA
}  // namespace turnwise
