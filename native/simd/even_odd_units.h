// Units and UnitDot of the levels on registers of 256 bits: V is widened to int16 once for all rows that share it, and a row
// has two registers of sums, where bytes of units would have four. simd/scalar.h documents what each operation means. A
// level includes this after its types and supplies AddEvenOdd(sum, a, b), sum + the four products of each lane.
#pragma once

#include <cstdint>

namespace turnwise {
namespace TURNWISE_ISA {

constexpr int kMaxUnit = 32767;
using Units = EvenOdd;
inline void StoreUnits(uint8_t* p, I32 units) { StoreEvenOdd(p, units); }
inline Units LoadUnits(const uint8_t* p, int quad) { return LoadEvenOdd(p, quad); }

class UnitDot {
 public:
  void Begin() { sum_ = BroadcastInt(0); }
  void Add(Units units, Bytes values) {
    sum_ = {AddEvenOdd(sum_.low, Widen(values.low), units), AddEvenOdd(sum_.high, Widen(values.high), units)};
  }
  I32 Total() const { return sum_; }

 private:
  static EvenOdd Widen(__m256i values) {
    return {_mm256_srai_epi16(_mm256_slli_epi16(values, 8), 8), _mm256_srai_epi16(values, 8)};
  }

  I32 sum_;
};

}  // namespace TURNWISE_ISA
}  // namespace turnwise
