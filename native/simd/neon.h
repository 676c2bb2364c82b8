// The SIMD types of kernels/*.h on Arm's Advanced SIMD: 16 lanes in four registers. simd/scalar.h documents
// what each operation means. With int8 dot products (Armv8.2) at least; what i8mm adds is under its macro.
#pragma once

#include <arm_neon.h>

#include <cstdint>
#include <cstring>

#include "../kernels/weight_formats.h"

namespace turnwise {
namespace TURNWISE_ISA {

// Blocks that fit the 32 registers, of which a vector of 16 lanes takes four.
constexpr int kFloatGemmTiles = 1;
constexpr int kFloatGemmTokens = 6;
constexpr int kAttendTiles = 1;
constexpr int kAttendFloatVectors = 1;
constexpr int kAttendIntVectors = 1;
#ifdef __ARM_FEATURE_MATMUL_INT8
constexpr int kAttendRows = 4;
#else
// The integer sums of three rows would not fit beside their operands.
constexpr int kAttendRows = 2;
#endif

constexpr int kLanes = 16;
constexpr WeightLayout kWeightLayout = WeightLayout::kRows16x4;
constexpr int kActivationColumns = kWideActivationColumns;

// Lanes 4i .. 4i+3 in v[i].
constexpr int kParts = 4;
struct F32 {
  float32x4_t v[kParts];
};
struct I32 {
  int32x4_t v[kParts];
};
struct Bytes {
  uint8x16_t v[kParts];
};
struct FourBytes {
  int8x16_t v;
};

// A vector whose part i is f(i).
template <class Vector, class Function>
inline __attribute__((always_inline)) Vector Parts(Function f) {
  return {{f(0), f(1), f(2), f(3)}};
}

// Zero in a register of its own. Left to itself the compiler copies one zero, and a copy takes a vector instruction
// where this takes none (Neoverse V2 Software Optimization Guide, zero latency instructions).
inline __attribute__((always_inline)) int32x4_t FreshZero() {
  int32x4_t v;
  asm volatile("movi %0.2d, #0" : "=w"(v));
  return v;
}

// As FreshZero, any number: from a general register, which costs the vector units nothing either.
inline __attribute__((always_inline)) int32x4_t FreshBroadcast(int32_t x) {
  int32x4_t v;
  asm volatile("dup %0.4s, %w1" : "=w"(v) : "r"(x));
  return v;
}

// All ones in the first `count` lanes.
inline uint32x4_t FirstOf(int count, int part) {
  static constexpr uint32_t kNumbers[4] = {0, 1, 2, 3};
  const int left = count - 4 * part;
  return vcltq_u32(vld1q_u32(kNumbers), vdupq_n_u32(left < 0 ? 0 : static_cast<uint32_t>(left)));
}

inline F32 Broadcast(float x) {
  return Parts<F32>([&](int) { return vdupq_n_f32(x); });
}
inline F32 Zero() { return Broadcast(0.0f); }
inline F32 Load(const float* p) {
  return Parts<F32>([&](int i) { return vld1q_f32(p + 4 * i); });
}
inline F32 LoadFirst(const float* p, int count) {
  float lanes[kLanes] = {};
  std::memcpy(lanes, p, static_cast<size_t>(count) * sizeof(float));
  return Load(lanes);
}
inline void Store(float* p, F32 a) {
  for (int i = 0; i < kParts; ++i) vst1q_f32(p + 4 * i, a.v[i]);
}
inline void StoreFirst(float* p, F32 a, int count) {
  float lanes[kLanes];
  Store(lanes, a);
  std::memcpy(p, lanes, static_cast<size_t>(count) * sizeof(float));
}
inline float FirstLane(F32 a) { return vgetq_lane_f32(a.v[0], 0); }
inline float32x4_t LoadFourF16(const uint16_t* p) { return vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(p))); }
inline F32 LoadF16(const uint16_t* p) {
  return Parts<F32>([&](int i) { return LoadFourF16(p + 4 * i); });
}
inline void StoreF16(uint16_t* p, F32 a) {
  for (int i = 0; i < kParts; ++i) vst1_u16(p + 4 * i, vreinterpret_u16_f16(vcvt_f16_f32(a.v[i])));
}
inline F32 LoadBf16(const uint16_t* p) {
  return Parts<F32>([&](int i) { return vreinterpretq_f32_u32(vshll_n_u16(vld1_u16(p + 4 * i), 16)); });
}

inline F32 operator+(F32 a, F32 b) {
  return Parts<F32>([&](int i) { return vaddq_f32(a.v[i], b.v[i]); });
}
inline F32 operator-(F32 a, F32 b) {
  return Parts<F32>([&](int i) { return vsubq_f32(a.v[i], b.v[i]); });
}
inline F32 operator*(F32 a, F32 b) {
  return Parts<F32>([&](int i) { return vmulq_f32(a.v[i], b.v[i]); });
}
inline F32 operator/(F32 a, F32 b) {
  return Parts<F32>([&](int i) { return vdivq_f32(a.v[i], b.v[i]); });
}
inline F32 Fma(F32 a, F32 b, F32 c) {
  return Parts<F32>([&](int i) { return vfmaq_f32(c.v[i], a.v[i], b.v[i]); });
}
// Not FMAX and FMIN, which give NaN where either is.
inline F32 Max(F32 a, F32 b) {
  return Parts<F32>([&](int i) { return vbslq_f32(vcgtq_f32(a.v[i], b.v[i]), a.v[i], b.v[i]); });
}
inline F32 Min(F32 a, F32 b) {
  return Parts<F32>([&](int i) { return vbslq_f32(vcltq_f32(a.v[i], b.v[i]), a.v[i], b.v[i]); });
}
// FMAX gives NaN where either is.
inline F32 MaxMagnitude(F32 a, F32 b) {
  return Parts<F32>([&](int i) { return vmaxq_f32(a.v[i], b.v[i]); });
}
inline F32 Abs(F32 a) {
  return Parts<F32>([&](int i) { return vabsq_f32(a.v[i]); });
}
inline F32 Round(F32 a) {
  return Parts<F32>([&](int i) { return vrndnq_f32(a.v[i]); });
}
// In two steps, as in scalar.h: rounding to a subnormal then happens once, in the second.
inline F32 AddToExponent(F32 a, F32 n) {
  return Parts<F32>([&](int i) {
    const int32x4_t exponent = vshlq_n_s32(vcvtnq_s32_f32(n.v[i]), 23);
    return vreinterpretq_f32_s32(vaddq_s32(vreinterpretq_s32_f32(a.v[i]), exponent));
  });
}
inline F32 ScaleByPowerOfTwo(F32 a, F32 n) {
  const auto factor = [](int32x4_t exponent) {
    return vreinterpretq_f32_s32(vshlq_n_s32(vaddq_s32(exponent, vdupq_n_s32(127)), 23));
  };
  return Parts<F32>([&](int i) {
    const int32x4_t whole = vcvtnq_s32_f32(n.v[i]);
    const int32x4_t half = vshrq_n_s32(whole, 1);
    return vmulq_f32(vmulq_f32(a.v[i], factor(half)), factor(vsubq_s32(whole, half)));
  });
}
inline F32 KeepFirst(F32 a, int count, F32 rest) {
  return Parts<F32>([&](int i) { return vbslq_f32(FirstOf(count, i), a.v[i], rest.v[i]); });
}
inline float Sum(F32 a) {
  const float32x4_t four = vaddq_f32(vaddq_f32(a.v[0], a.v[2]), vaddq_f32(a.v[1], a.v[3]));
  const float32x2_t two = vadd_f32(vget_low_f32(four), vget_high_f32(four));
  return vget_lane_f32(two, 0) + vget_lane_f32(two, 1);
}
inline float Largest(F32 a) {
  const auto larger = [](float32x4_t x, float32x4_t y) { return vbslq_f32(vcgtq_f32(x, y), x, y); };
  const float32x4_t four = larger(larger(a.v[0], a.v[1]), larger(a.v[2], a.v[3]));
  return vmaxvq_f32(four);
}

inline float LargestMagnitude(F32 a) {
  return vmaxvq_f32(vmaxq_f32(vmaxq_f32(a.v[0], a.v[1]), vmaxq_f32(a.v[2], a.v[3])));
}

inline I32 BroadcastInt(int32_t x) {
  return Parts<I32>([&](int) { return vdupq_n_s32(x); });
}
inline I32 operator+(I32 a, I32 b) {
  return Parts<I32>([&](int i) { return vaddq_s32(a.v[i], b.v[i]); });
}
inline I32 operator&(I32 a, I32 b) {
  return Parts<I32>([&](int i) { return vandq_s32(a.v[i], b.v[i]); });
}
inline F32 ToFloat(I32 a) {
  return Parts<F32>([&](int i) { return vcvtq_f32_s32(a.v[i]); });
}
inline I32 ToInt(F32 a) {
  return Parts<I32>([&](int i) { return vcvtnq_s32_f32(a.v[i]); });
}
inline I32 ClampInt(I32 a, int32_t low, int32_t high) {
  return Parts<I32>([&](int i) { return vminq_s32(vmaxq_s32(a.v[i], vdupq_n_s32(low)), vdupq_n_s32(high)); });
}
inline int32_t SumInt(I32 a) { return vaddvq_s32(vaddq_s32(vaddq_s32(a.v[0], a.v[1]), vaddq_s32(a.v[2], a.v[3]))); }
inline void StoreLowBytes(uint8_t* p, I32 a) {
  const auto halves = [&](int i) {
    return vuzp1q_u16(vreinterpretq_u16_s32(a.v[i]), vreinterpretq_u16_s32(a.v[i + 1]));
  };
  vst1q_u8(p, vuzp1q_u8(vreinterpretq_u8_u16(halves(0)), vreinterpretq_u8_u16(halves(2))));
}
inline I32 LoadInt(const int32_t* p) {
  return Parts<I32>([&](int i) { return vld1q_s32(p + 4 * i); });
}
inline void StoreInt(int32_t* p, I32 a) {
  for (int i = 0; i < kParts; ++i) vst1q_s32(p + 4 * i, a.v[i]);
}
inline void TakeLarger(F32 x, I32 index, F32* best, I32* best_index) {
  for (int i = 0; i < kParts; ++i) {
    const uint32x4_t larger = vcgtq_f32(x.v[i], best->v[i]);
    best->v[i] = vbslq_f32(larger, x.v[i], best->v[i]);
    best_index->v[i] = vbslq_s32(larger, index.v[i], best_index->v[i]);
  }
}
inline I32 LoadSignedBytes(const int8_t* p) {
  const int8x16_t bytes = vld1q_s8(p);
  const int16x8_t low = vmovl_s8(vget_low_s8(bytes)), high = vmovl_s8(vget_high_s8(bytes));
  return {{vmovl_s16(vget_low_s16(low)), vmovl_s16(vget_high_s16(low)), vmovl_s16(vget_low_s16(high)),
           vmovl_s16(vget_high_s16(high))}};
}
// By ZIP with zeros, not USHLL: any of four units executes it, where two shift.
inline I32 LoadUnsignedBytes(const uint8_t* p) {
  const uint8x16_t bytes = vld1q_u8(p), zeros = vdupq_n_u8(0);
  const uint16x8_t none = vreinterpretq_u16_u8(zeros);
  const uint16x8_t low = vreinterpretq_u16_u8(vzip1q_u8(bytes, zeros));
  const uint16x8_t high = vreinterpretq_u16_u8(vzip2q_u8(bytes, zeros));
  return {{vreinterpretq_s32_u16(vzip1q_u16(low, none)), vreinterpretq_s32_u16(vzip2q_u16(low, none)),
           vreinterpretq_s32_u16(vzip1q_u16(high, none)), vreinterpretq_s32_u16(vzip2q_u16(high, none))}};
}

// 0x4b000000 with a byte as its lowest is, as f32, 2^23 plus the byte: one subtraction, and no conversion, which takes
// twice as long.
inline F32 LessBytes(int from, const uint8_t* p) {
  const uint8x16_t bytes = vld1q_u8(p), zeros = vdupq_n_u8(0);
  const uint16x8_t exponents = vdupq_n_u16(0x4b00);
  const uint16x8_t low = vreinterpretq_u16_u8(vzip1q_u8(bytes, zeros));
  const uint16x8_t high = vreinterpretq_u16_u8(vzip2q_u8(bytes, zeros));
  const F32 raised = {{vreinterpretq_f32_u16(vzip1q_u16(low, exponents)), vreinterpretq_f32_u16(vzip2q_u16(low, exponents)),
                       vreinterpretq_f32_u16(vzip1q_u16(high, exponents)),
                       vreinterpretq_f32_u16(vzip2q_u16(high, exponents))}};
  return Broadcast(static_cast<float>((1 << 23) + from)) - raised;
}

inline Bytes LoadBytes(const uint8_t* p) {
  return Parts<Bytes>([&](int i) { return vld1q_u8(p + 16 * i); });
}
inline void StoreBytes(uint8_t* p, Bytes a) {
  for (int i = 0; i < kParts; ++i) vst1q_u8(p + 16 * i, a.v[i]);
}
inline FourBytes BroadcastFour(const void* p) {
  int32_t word;
  std::memcpy(&word, p, sizeof word);
  return {vreinterpretq_s8_s32(vdupq_n_s32(word))};
}
inline Bytes LowNibbles(Bytes a) {
  return Parts<Bytes>([&](int i) { return vandq_u8(a.v[i], vdupq_n_u8(15)); });
}
inline Bytes HighNibbles(Bytes a) {
  return Parts<Bytes>([&](int i) { return vshrq_n_u8(a.v[i], 4); });
}
inline Bytes operator|(Bytes a, Bytes b) {
  return Parts<Bytes>([&](int i) { return vorrq_u8(a.v[i], b.v[i]); });
}
// Shifts as operators: the compiler makes them immediate ones once the caller's loops are unrolled.
inline Bytes MoveBits(Bytes a, int from, int width, int to) {
  const uint8x16_t mask = vdupq_n_u8(static_cast<uint8_t>(((1 << width) - 1) << to));
  return Parts<Bytes>([&](int i) {
    const uint8x16_t moved = from >= to ? a.v[i] >> (from - to) : a.v[i] << (to - from);
    return from - to + width == 8 ? moved : vandq_u8(moved, mask);
  });
}
inline Bytes InsertBits(Bytes a, Bytes b, int from, int width, int to) {
  const uint8x16_t mask = vdupq_n_u8(static_cast<uint8_t>(((1 << width) - 1) << to));
  return Parts<Bytes>([&](int i) {
    const uint8x16_t moved = from >= to ? b.v[i] >> (from - to) : b.v[i] << (to - from);
    return vbslq_u8(mask, moved, a.v[i]);
  });
}
// A load of its own, where the compiler would keep what it has loaded before and copy it: loads are free beside vector
// instructions, and a copy is one.
inline __attribute__((always_inline)) uint8x16_t FreshLoad(const uint8_t* p) {
  uint8x16_t v;
  asm("ldr %q0, %1" : "=w"(v) : "m"(*reinterpret_cast<const uint8x16_t*>(p)));
  return v;
}
// Instead of the template of kernels/int_values.h. The bits of two operands are cut out together, at 0 and at 4; SLI and
// SRI then shift a nibble or the bits past each other in one instruction, where neither has bits in the other's way.
// SLI writes over the nibbles that SRI of the next operand reads.
inline Bytes WidenedNibbles(const uint8_t* packed, int operand, Bytes plane, int from, int width) {
  const int bits = (1 << width) - 1;
  const uint8x16_t both = vdupq_n_u8(static_cast<uint8_t>(bits | bits << 4));
  const bool is_upper = from >= 4;
  return Parts<Bytes>([&](int i) {
    const uint8x16_t nibbles = operand == 1 ? FreshLoad(packed + 16 * i) : vld1q_u8(packed + 16 * i);
    const uint8x16_t cut = vandq_u8(from % 4 == 0 ? plane.v[i] : plane.v[i] >> (from % 4), both);
    if (operand == 1) return vsriq_n_u8(is_upper ? cut : vshlq_n_u8(cut, 4), nibbles, 4);
    return is_upper ? vbslq_u8(vdupq_n_u8(15), nibbles, cut) : vsliq_n_u8(nibbles, cut, 4);
  });
}
inline Bytes LookUp(Bytes a, const uint8_t* table) {
  return Parts<Bytes>([&](int i) { return vqtbl1q_u8(vld1q_u8(table), a.v[i]); });
}
inline I32 DotPairs(I32 a, I32 b) {
  return Parts<I32>([&](int i) {
    const int16x8_t x = vreinterpretq_s16_s32(a.v[i]), y = vreinterpretq_s16_s32(b.v[i]);
    return vpaddq_s32(vmull_s16(vget_low_s16(x), vget_low_s16(y)), vmull_high_s16(x, y));
  });
}
inline I32 MultiplyInt(I32 a, I32 b) {
  return Parts<I32>([&](int i) { return vmulq_s32(a.v[i], b.v[i]); });
}

// SDOT takes signed bytes: what is at most 127 is one as it is, others lose their zero point first.
template <int kLargest, int kZeroPoint>
class WeightDot {
  static_assert(kLargest <= 127, "an unsigned byte that is also a signed one");

 public:
  void Begin(I32 offset) { sum_ = offset; }
  void Add(Bytes a, FourBytes b) {
    for (int i = 0; i < kParts; ++i) sum_.v[i] = vdotq_s32(sum_.v[i], vreinterpretq_s8_u8(a.v[i]), b.v);
  }
  I32 Total() const { return sum_; }

 private:
  I32 sum_;
};

template <>
class WeightDot<255, 128> {
 public:
#ifdef __ARM_FEATURE_MATMUL_INT8
  void Begin(I32 offset) { sum_ = offset; }
  void Add(Bytes a, FourBytes b) {
    for (int i = 0; i < kParts; ++i) sum_.v[i] = vusdotq_s32(sum_.v[i], a.v[i], b.v);
  }
#else
  void Begin(I32 /*offset*/) { sum_ = BroadcastInt(0); }
  void Add(Bytes a, FourBytes b) {
    for (int i = 0; i < kParts; ++i) {
      sum_.v[i] = vdotq_s32(sum_.v[i], vreinterpretq_s8_u8(veorq_u8(a.v[i], vdupq_n_u8(0x80))), b.v);
    }
  }
#endif
  I32 Total() const { return sum_; }

 private:
  I32 sum_;
};

constexpr size_t kQueryBytes = 1;
using Query = FourBytes;
inline void StoreQuery(uint8_t* p, I32 values) { StoreLowBytes(p, values); }
inline Query LoadQuery(const uint8_t* p, int quad) { return BroadcastFour(p + 4 * quad); }
using KeyDot = WeightDot<255, 128>;

// A unit is 256 * high + low, both signed bytes, so that it is two operands of SDOT. Of 8 tokens the high bytes, then
// the low ones: together one operand of SMMLA.
constexpr int kMaxUnit = 127 * 256 + 127;
struct Units {
  FourBytes high, low;
};
inline void StoreUnits(uint8_t* p, I32 units) {
  uint8_t high[kLanes], low[kLanes];
  StoreLowBytes(high, Parts<I32>([&](int i) { return vrshrq_n_s32(units.v[i], 8); }));
  StoreLowBytes(low, units);
  const uint64x2_t h = vreinterpretq_u64_u8(vld1q_u8(high)), l = vreinterpretq_u64_u8(vld1q_u8(low));
  vst1q_u8(p, vreinterpretq_u8_u64(vzip1q_u64(h, l)));
  vst1q_u8(p + kLanes, vreinterpretq_u8_u64(vzip2q_u64(h, l)));
}
inline Units LoadUnits(const uint8_t* p, int quad) {
  const uint8_t* high = p + 16 * (quad / 2) + 4 * (quad % 2);
  return {BroadcastFour(high), BroadcastFour(high + 8)};
}

class UnitDot {
 public:
  void Begin() { high_ = low_ = BroadcastInt(0); }
  void Add(Units units, Bytes values) {
    for (int i = 0; i < kParts; ++i) {
      const int8x16_t value = vreinterpretq_s8_u8(values.v[i]);
      high_.v[i] = vdotq_s32(high_.v[i], value, units.high.v);
      low_.v[i] = vdotq_s32(low_.v[i], value, units.low.v);
    }
  }
  I32 Total() const {
    return Parts<I32>([&](int i) { return vaddq_s32(vshlq_n_s32(high_.v[i], 8), low_.v[i]); });
  }

 private:
  I32 high_, low_;
};

inline void Prefetch(const void* p) { __builtin_prefetch(p); }
inline void PrefetchFar(const void* p) { __builtin_prefetch(p, 0, 2); }

}  // namespace TURNWISE_ISA
}  // namespace turnwise
