// Functions on vectors, written once over the SIMD types of the level that includes this file.
#pragma once

namespace turnwise {
namespace TURNWISE_ISA {

// x = n ln 2 + r with |r| <= ln 2 / 2: e^r, within 2 ulp by the degree-6 polynomial of Cephes' expf, and n.
inline F32 ExpOfRest(F32 x, F32* n) {
  *n = Round(x * Broadcast(1.44269504f));
  // ln 2 in two parts, the first with so few bits that n times it is exact.
  const F32 r = Fma(*n, Broadcast(2.12194440e-4f), Fma(*n, Broadcast(-0.693359375f), x));
  F32 p = Broadcast(1.9875691500e-4f);
  p = Fma(p, r, Broadcast(1.3981999507e-3f));
  p = Fma(p, r, Broadcast(8.3334519073e-3f));
  p = Fma(p, r, Broadcast(4.1665795894e-2f));
  p = Fma(p, r, Broadcast(1.6666665459e-1f));
  p = Fma(p, r, Broadcast(5.0000001201e-1f));
  return Fma(p, r * r, r) + Broadcast(1.0f);
}

// e^x. Results below the subnormals are 0, above the largest float infinity; NaN stays NaN.
inline F32 Exp(F32 x) {
  // The limits come first in Min and Max, so that NaN passes.
  F32 n;
  const F32 e = ExpOfRest(Max(Broadcast(-105.0f), Min(Broadcast(89.0f), x)), &n);
  return ScaleByPowerOfTwo(e, n);
}

// e^x for x <= 0, as softmax needs it: with a third fewer instructions, and e^-64 for all below. That is nothing beside
// the 1 of the largest, for any context; and so far from the subnormals, on which CPUs are slow, that its products with
// the scales of V are normal, too.
inline F32 ExpOfNegative(F32 x) {
  F32 n;
  const F32 e = ExpOfRest(Max(Broadcast(-64.0f), x), &n);
  return AddToExponent(e, n);
}

inline float ExpOne(float x) {
  return FirstLane(Exp(Broadcast(x)));
}

}  // namespace TURNWISE_ISA
}  // namespace turnwise
