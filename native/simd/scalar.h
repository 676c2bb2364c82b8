// The SIMD types of kernels/*.h in portable C++: arrays of 16 lanes. This file defines what every
// operation means; the other files of simd/ give the same results with special instructions.
//
// A logical vector has 16 lanes on every level, whatever the registers are: packed weights and KV pages
// are laid out in 16s, and reductions then have one order everywhere.
//
// Fma rounds twice where the CPU has no fused instruction, so this level differs from the others in the
// last bits; integer sums are exact everywhere.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>

#include "../kernels/weight_formats.h"
#include "half.h"

namespace turnwise {
namespace TURNWISE_ISA {

// Block sizes of the kernels. Small ones, since lanes live in memory here.
constexpr int kIntGemmTiles = 1;
constexpr int kIntGemmTokens = 1;
// Columns that products of many tokens unpack at a time; 0: they unpack for each block of tokens.
constexpr int kIntPanelColumns = 0;
constexpr int kFloatGemmTiles = 1;
constexpr int kFloatGemmTokens = 4;
constexpr int kAttendRows = 2;
constexpr int kAttendTiles = 1;
constexpr int kAttendFloatVectors = 1;
constexpr int kAttendIntVectors = 1;

constexpr int kLanes = 16;
constexpr WeightLayout kWeightLayout = WeightLayout::kRows16x4;
constexpr int kActivationColumns = kQuantGroup;

struct F32 {
  float lane[kLanes];
};
struct I32 {
  int32_t lane[kLanes];
};
// 64 bytes, four to a lane.
struct Bytes {
  uint8_t byte[4 * kLanes];
};
// The same 4 bytes for every lane.
struct FourBytes {
  uint8_t byte[4];
};

template <class Vector, class Function>
inline Vector Each(Function f) {
  Vector out;
  for (int i = 0; i < kLanes; ++i) out.lane[i] = f(i);
  return out;
}

inline F32 Broadcast(float x) {
  return Each<F32>([&](int) { return x; });
}
inline F32 Zero() { return Broadcast(0.0f); }
inline F32 Load(const float* p) {
  return Each<F32>([&](int i) { return p[i]; });
}
// Lanes from `count` on are zero, and their memory is not touched.
inline F32 LoadFirst(const float* p, int count) {
  return Each<F32>([&](int i) { return i < count ? p[i] : 0.0f; });
}
inline void Store(float* p, F32 a) { std::memcpy(p, a.lane, sizeof a.lane); }
inline void StoreFirst(float* p, F32 a, int count) {
  for (int i = 0; i < count; ++i) p[i] = a.lane[i];
}
inline float FirstLane(F32 a) { return a.lane[0]; }
inline F32 LoadF16(const uint16_t* p) {
  return Each<F32>([&](int i) { return F16ToF32(p[i]); });
}
// Rounds to nearest even.
inline void StoreF16(uint16_t* p, F32 a) {
  for (int i = 0; i < kLanes; ++i) p[i] = F32ToF16(a.lane[i]);
}
inline F32 LoadBf16(const uint16_t* p) {
  return Each<F32>([&](int i) { return Bf16ToF32(p[i]); });
}

inline F32 operator+(F32 a, F32 b) {
  return Each<F32>([&](int i) { return a.lane[i] + b.lane[i]; });
}
inline F32 operator-(F32 a, F32 b) {
  return Each<F32>([&](int i) { return a.lane[i] - b.lane[i]; });
}
inline F32 operator*(F32 a, F32 b) {
  return Each<F32>([&](int i) { return a.lane[i] * b.lane[i]; });
}
inline F32 operator/(F32 a, F32 b) {
  return Each<F32>([&](int i) { return a.lane[i] / b.lane[i]; });
}
// a * b + c.
inline F32 Fma(F32 a, F32 b, F32 c) {
#ifdef __FP_FAST_FMAF
  return Each<F32>([&](int i) { return __builtin_fmaf(a.lane[i], b.lane[i], c.lane[i]); });
#else
  return a * b + c;
#endif
}
// Where either is NaN: b.
inline F32 Max(F32 a, F32 b) {
  return Each<F32>([&](int i) { return a.lane[i] > b.lane[i] ? a.lane[i] : b.lane[i]; });
}
inline F32 Min(F32 a, F32 b) {
  return Each<F32>([&](int i) { return a.lane[i] < b.lane[i] ? a.lane[i] : b.lane[i]; });
}
// Of numbers that are not negative. Where either is NaN: NaN, whose bits are larger than those of any number.
inline F32 MaxMagnitude(F32 a, F32 b) {
  return Each<F32>([&](int i) { return BitsFromFloat(a.lane[i]) > BitsFromFloat(b.lane[i]) ? a.lane[i] : b.lane[i]; });
}
inline F32 Abs(F32 a) {
  return Each<F32>([&](int i) { return std::fabs(a.lane[i]); });
}
// To the nearest integer, ties to even, for |a| <= 2^22: adding 1.5 * 2^23 leaves no fraction bits.
inline F32 Round(F32 a) {
  const F32 magic = Broadcast(12582912.0f);
  return (a + magic) - magic;
}
// a * 2^n, n a whole number, where a and the product are normal; NaN where both are.
inline F32 AddToExponent(F32 a, F32 n) {
  return Each<F32>([&](int i) {
    if (!(n.lane[i] > -256.0f && n.lane[i] < 256.0f)) return a.lane[i];
    return FloatFromBits(BitsFromFloat(a.lane[i]) + (static_cast<uint32_t>(static_cast<int>(n.lane[i])) << 23));
  });
}
// a * 2^n for integers -256 < n < 256, in two steps so that the factors are normal numbers.
inline F32 ScaleByPowerOfTwo(F32 a, F32 n) {
  return Each<F32>([&](int i) {
    if (!(n.lane[i] > -256.0f && n.lane[i] < 256.0f)) return a.lane[i];  // NaN: a is NaN too
    const int whole = static_cast<int>(n.lane[i]);
    const int half = whole / 2;
    return a.lane[i] * FloatFromBits(static_cast<uint32_t>(half + 127) << 23) *
           FloatFromBits(static_cast<uint32_t>(whole - half + 127) << 23);
  });
}
inline F32 KeepFirst(F32 a, int count, F32 rest) {
  return Each<F32>([&](int i) { return i < count ? a.lane[i] : rest.lane[i]; });
}
// Lane i with lane i + 8, then i + 4, i + 2, i + 1.
inline float Sum(F32 a) {
  for (int half = kLanes / 2; half > 0; half /= 2) {
    for (int i = 0; i < half; ++i) a.lane[i] += a.lane[i + half];
  }
  return a.lane[0];
}
inline float Largest(F32 a) {
  float largest = a.lane[0];
  for (int i = 1; i < kLanes; ++i) largest = a.lane[i] > largest ? a.lane[i] : largest;
  return largest;
}

// As MaxMagnitude.
inline float LargestMagnitude(F32 a) {
  for (int half = kLanes / 2; half > 0; half /= 2) {
    for (int i = 0; i < half; ++i) {
      if (BitsFromFloat(a.lane[i + half]) > BitsFromFloat(a.lane[i])) a.lane[i] = a.lane[i + half];
    }
  }
  return a.lane[0];
}

inline I32 BroadcastInt(int32_t x) {
  return Each<I32>([&](int) { return x; });
}
inline I32 operator+(I32 a, I32 b) {
  return Each<I32>([&](int i) { return a.lane[i] + b.lane[i]; });
}
inline I32 operator&(I32 a, I32 b) {
  return Each<I32>([&](int i) { return a.lane[i] & b.lane[i]; });
}
inline F32 ToFloat(I32 a) {
  return Each<F32>([&](int i) { return static_cast<float>(a.lane[i]); });
}
// Nearest even; what is outside +-2^22, and NaN, gives some integer.
inline I32 ToInt(F32 a) {
  const F32 safe = Round(Min(Max(a, Broadcast(-4194304.0f)), Broadcast(4194304.0f)));
  return Each<I32>([&](int i) { return safe.lane[i] == safe.lane[i] ? static_cast<int32_t>(safe.lane[i]) : 0; });
}
inline I32 ClampInt(I32 a, int32_t low, int32_t high) {
  return Each<I32>([&](int i) { return a.lane[i] < low ? low : a.lane[i] > high ? high : a.lane[i]; });
}
inline int32_t SumInt(I32 a) {
  int32_t sum = 0;
  for (int i = 0; i < kLanes; ++i) sum += a.lane[i];
  return sum;
}
// The low byte of each lane.
inline void StoreLowBytes(uint8_t* p, I32 a) {
  for (int i = 0; i < kLanes; ++i) p[i] = static_cast<uint8_t>(a.lane[i]);
}
inline void StoreInt(int32_t* p, I32 a) { std::memcpy(p, a.lane, sizeof a.lane); }
inline I32 LoadInt(const int32_t* p) {
  return Each<I32>([&](int i) { return p[i]; });
}
// One byte for each lane.
inline I32 LoadSignedBytes(const int8_t* p) {
  return Each<I32>([&](int i) { return p[i]; });
}
inline I32 LoadUnsignedBytes(const uint8_t* p) {
  return Each<I32>([&](int i) { return p[i]; });
}
// Lanes of `best` that are less than x become x, and their index `index`; NaN is never larger.
inline void TakeLarger(F32 x, I32 index, F32* best, I32* best_index) {
  for (int i = 0; i < kLanes; ++i) {
    if (x.lane[i] > best->lane[i]) {
      best->lane[i] = x.lane[i];
      best_index->lane[i] = index.lane[i];
    }
  }
}

inline Bytes LoadBytes(const uint8_t* p) {
  Bytes out;
  std::memcpy(out.byte, p, sizeof out.byte);
  return out;
}
inline FourBytes BroadcastFour(const void* p) {
  FourBytes out;
  std::memcpy(out.byte, p, sizeof out.byte);
  return out;
}
inline Bytes LowNibbles(Bytes a) {
  for (uint8_t& byte : a.byte) byte = static_cast<uint8_t>(byte & 15);
  return a;
}
inline Bytes HighNibbles(Bytes a) {
  for (uint8_t& byte : a.byte) byte = static_cast<uint8_t>(byte >> 4);
  return a;
}
inline Bytes operator|(Bytes a, Bytes b) {
  for (size_t i = 0; i < sizeof a.byte; ++i) a.byte[i] = static_cast<uint8_t>(a.byte[i] | b.byte[i]);
  return a;
}
// Bits from .. from + width - 1 of each byte, moved to `to`; the other bits are zero.
inline Bytes MoveBits(Bytes a, int from, int width, int to) {
  for (uint8_t& byte : a.byte) byte = static_cast<uint8_t>((byte >> from & ((1 << width) - 1)) << to);
  return a;
}
// a, whose bits to .. to + width - 1 are zero, with bits from .. from + width - 1 of b there.
inline Bytes InsertBits(Bytes a, Bytes b, int from, int width, int to) { return a | MoveBits(b, from, width, to); }
// table[a], a below 16.
inline Bytes LookUp(Bytes a, const uint8_t* table) {
  for (uint8_t& byte : a.byte) byte = table[byte];
  return a;
}
// For each lane the two products of its int16 halves, summed.
inline I32 DotPairs(I32 a, I32 b) {
  const auto half = [](int32_t word, int index) { return static_cast<int16_t>(static_cast<uint32_t>(word) >> (16 * index)); };
  return Each<I32>([&](int i) {
    return half(a.lane[i], 0) * half(b.lane[i], 0) + half(a.lane[i], 1) * half(b.lane[i], 1);
  });
}
inline I32 MultiplyInt(I32 a, I32 b) {
  return Each<I32>([&](int i) { return a.lane[i] * b.lane[i]; });
}
inline void StoreBytes(uint8_t* p, Bytes a) { std::memcpy(p, a.byte, sizeof a.byte); }

// A factor of a dot product, -128 .. 127 for each lane, in the level's own form.
inline I32 DotScaleOf(I32 scale) { return scale; }

// The exact sum of (a - kZeroPoint) * b over some columns, a unsigned and at most kLargest, b within +-127; or, begun
// with a scale, of scale * a * b.
template <int kLargest, int kZeroPoint>
class WeightDot {
 public:
  // What products begun with no offset still have in them of the zero point.
  static constexpr int kZeroLeft = kZeroPoint;

  // `offset`: -kZeroPoint times the sum of all b to come. A level whose products are signed ignores it.
  void Begin(I32 offset) { sum_ = offset; }
  void BeginScaled(I32 /*scale*/) { sum_ = BroadcastInt(0); }
  void Add(Bytes a, FourBytes b) {
    for (int i = 0; i < 4 * kLanes; ++i) sum_.lane[i / 4] += a.byte[i] * static_cast<int8_t>(b.byte[i % 4]);
  }
  I32 Total() const { return sum_; }
  I32 ScaledTotal(I32 scale) const { return MultiplyInt(sum_, scale); }

 private:
  I32 sum_;
};

// A query's int8 values as attention multiplies them, kQueryBytes each, in the level's own order: StoreQuery writes
// those of 16 columns, LoadQuery gives columns 4 * quad .. 4 * quad + 3 of a row.
constexpr size_t kQueryBytes = 1;
using Query = FourBytes;
inline void StoreQuery(uint8_t* p, I32 values) { StoreLowBytes(p, values); }
inline Query LoadQuery(const uint8_t* p, int quad) { return BroadcastFour(p + 4 * quad); }
// The exact sum of (key - 128) * query over some columns, as WeightDot.
using KeyDot = WeightDot<255, 128>;

// Integers of 0 .. kMaxUnit for 16 tokens, in 32 bytes whose order is the level's own.
constexpr int kMaxUnit = 32767;
struct Units {
  int32_t token[4];
};
inline void StoreUnits(uint8_t* p, I32 units) {
  for (int i = 0; i < kLanes; ++i) {
    const uint16_t unit = static_cast<uint16_t>(units.lane[i]);
    std::memcpy(p + 2 * i, &unit, sizeof unit);
  }
}
// Those of tokens 4 * quad .. 4 * quad + 3.
inline Units LoadUnits(const uint8_t* p, int quad) {
  Units out;
  for (int i = 0; i < 4; ++i) {
    uint16_t unit;
    std::memcpy(&unit, p + 2 * (4 * quad + i), sizeof unit);
    out.token[i] = unit;
  }
  return out;
}

// The exact sum of unit * value over tokens, where lane i of `values` holds int8 of four tokens.
class UnitDot {
 public:
  void Begin() { sum_ = BroadcastInt(0); }
  void Add(Units units, Bytes values) {
    for (int i = 0; i < 4 * kLanes; ++i) sum_.lane[i / 4] += units.token[i % 4] * static_cast<int8_t>(values.byte[i]);
  }
  I32 Total() const { return sum_; }

 private:
  I32 sum_;
};

// Into L1.
inline void Prefetch(const void* p) { __builtin_prefetch(p); }
// Into L2.
inline void PrefetchFar(const void* p) { __builtin_prefetch(p, 0, 2); }

}  // namespace TURNWISE_ISA
}  // namespace turnwise
