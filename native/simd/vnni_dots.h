// Dot products on the levels that have vpdpbusd, which adds four products of unsigned with signed bytes to an int32
// and does not saturate. simd/scalar.h documents what each operation means. A level includes this after its types and
// supplies AddDots(sum, a, b), sum + the four products of each lane.
#pragma once

#include <cstddef>
#include <cstdint>

namespace turnwise {
namespace TURNWISE_ISA {

inline I32 DotScaleOf(I32 scale) { return scale; }

// Weights may be of any size; the zero point is in the sum from the start.
template <int kLargest, int kZeroPoint>
class WeightDot {
 public:
  static constexpr int kZeroLeft = kZeroPoint;

  void Begin(I32 offset) { sum_ = offset; }
  void BeginScaled(I32 /*scale*/) { sum_ = BroadcastInt(0); }
  void Add(Bytes a, FourBytes b) { sum_ = AddDots(sum_, a, b); }
  I32 Total() const { return sum_; }
  I32 ScaledTotal(I32 scale) const { return MultiplyInt(sum_, scale); }

 private:
  I32 sum_;
};

constexpr size_t kQueryBytes = 1;
using Query = FourBytes;
inline void StoreQuery(uint8_t* p, I32 values) { StoreLowBytes(p, values); }
inline Query LoadQuery(const uint8_t* p, int quad) { return BroadcastFour(p + 4 * quad); }
using KeyDot = WeightDot<255, 128>;

}  // namespace TURNWISE_ISA
}  // namespace turnwise
