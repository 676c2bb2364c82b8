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

constexpr float kLog2OfE = 1.44269504f;

// x = n + r with |r| <= 1/2: 2^r by the polynomial of the least relative error that is 1 at 0, in Estrin's form, whose chain
// of operations is short; and n. Of degree 6 the error is that of f32, 2 ulp; of degree 4 it is 3e-6.
template <int kDegree>
inline F32 Exp2OfRest(F32 x, F32* n) {
  static_assert(kDegree == 4 || kDegree == 6, "the degrees with coefficients");
  *n = Round(x);
  const F32 r = x - *n;
  const F32 square = r * r;
  if constexpr (kDegree == 4) {
    const F32 low = Fma(r, Broadcast(6.9312419419e-1f), Broadcast(1.0f));
    const F32 middle = Fma(r, Broadcast(5.5906425036e-2f), Broadcast(2.4024098611e-1f));
    return Fma(square, Fma(square, Broadcast(9.5828531689e-3f), middle), low);
  }
  const F32 low = Fma(r, Broadcast(6.9314718246e-1f), Broadcast(1.0f));
  const F32 middle = Fma(r, Broadcast(5.5503323674e-2f), Broadcast(2.4022647738e-1f));
  const F32 high = Fma(r, Broadcast(1.3398851734e-3f), Broadcast(9.6184359863e-3f));
  return Fma(square, Fma(square, Fma(square, Broadcast(1.5353599156e-4f), high), middle), low);
}

// 2^x for x <= 0, as softmax needs it: 2^-92 for all below. That is nothing beside the 1 of the largest, for any context;
// and so far from the subnormals, on which CPUs are slow, that its products with the scales of V are normal, too.
template <int kDegree>
inline F32 Exp2OfNegative(F32 x) {
  F32 n;
  const F32 e = Exp2OfRest<kDegree>(Max(Broadcast(-92.0f), x), &n);
  return AddToExponent(e, n);
}

// 2^x for x <= 0, of one number. Results below the subnormals are 0; NaN stays NaN.
inline float Exp2One(float x) {
  F32 n;
  const F32 e = Exp2OfRest<6>(Max(Broadcast(-151.0f), Broadcast(x)), &n);
  return FirstLane(ScaleByPowerOfTwo(e, n));
}

}  // namespace TURNWISE_ISA
}  // namespace turnwise
