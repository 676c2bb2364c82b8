// How far sums reach on Arm, for each kind of scales (int_scales.h). A block of weights is one step: an exact int32 sum,
// in which sub-scales have their part. Activations keep one scale for kWideActivationColumns columns here, and a span of
// kSpanSteps steps, fewer at a row's end, is within them.
//   of a step:  x = fma(float(sum) + offset, d, x), x = fma(minimum, sum of activations, x)
//   of a span:  result = fma(x, activation scale, result), and x begins anew
// Products of one token and of many (dot_gemm.h, panel_gemm.h) take the same steps in the same order.
//
// Of a kind:
//   kSubColumns  columns of one integer sub-scale, 0 where there is none
//   kSide        what is added beside the products:
//     kOffset      the sum of the activations times an integer of each row, added to float(sum): where that has no
//                  rounding, fma rounds the integer that is meant once, as a conversion of it would
//     kMinimum     the sum of the activations, as f32, times a number of each row, added to x
//     kMinima      an exact sum of minima times sums of kSubColumns activations, times a number of each row,
//                  added to x
#pragma once

namespace turnwise {
namespace TURNWISE_ISA {

enum class Side { kNone, kOffset, kMinimum, kMinima };

// 16 integers as int16, which SMLAL widens for nothing.
struct I16 {
  int16x8_t v[2];
};
inline I16 Widened(uint8x16_t bytes) {
  const uint8x16_t zeros = vdupq_n_u8(0);
  return {{vreinterpretq_s16_u8(vzip1q_u8(bytes, zeros)), vreinterpretq_s16_u8(vzip2q_u8(bytes, zeros))}};
}

template <class Scales>
struct StepOf;

template <>
struct StepOf<G32> {
  static constexpr int kSubColumns = 0;
  static constexpr Side kSide = Side::kNone;
};

template <>
struct StepOf<G32Min> {
  static constexpr int kSubColumns = 0;
  static constexpr Side kSide = Side::kMinimum;
  static F32 SideScale(const G32Min& group) { return group.Minimum(); }
};

template <int kColumns>
struct StepOf<GroupZero<kColumns>> {
  static constexpr int kSubColumns = 0;
  static constexpr Side kSide = Side::kOffset;
};

template <>
struct StepOf<GroupZeroWide> {
  static constexpr int kSubColumns = 0;
  static constexpr Side kSide = Side::kOffset;
};

template <>
struct StepOf<K32> {
  static constexpr int kSubColumns = 32;
  static constexpr Side kSide = Side::kNone;
  static F32 Scale(const K32& group) { return LoadHalves(group.F16s(0)); }
  static I32 SubScale(const K32& group, int) { return LoadSigned(group.Integers(0)); }
};

template <>
struct StepOf<K32Min> {
  static constexpr int kSubColumns = 32;
  static constexpr Side kSide = Side::kMinima;
  static F32 Scale(const K32Min& group) { return LoadHalves(group.F16s(0)); }
  static I32 SubScale(const K32Min& group, int) { return LoadUnsignedBytes(group.Integers(0)); }
  static F32 SideScale(const K32Min& group) { return Zero() - LoadHalves(group.F16s(1)); }
  static uint8x16_t Minimum(const K32Min& group, int) { return vld1q_u8(group.Integers(1)); }
};

template <>
struct StepOf<K16> {
  static constexpr int kSubColumns = 16;
  static constexpr Side kSide = Side::kNone;
  static I32 SubScale(const K16& group, int half) { return group.SubScale(half); }
};

template <>
struct StepOf<K16Min> {
  static constexpr int kSubColumns = 16;
  static constexpr Side kSide = Side::kMinima;
  static I32 SubScale(const K16Min& group, int half) {
    const I16 scale = Widened(vandq_u8(vld1q_u8(group.Integers(half)), vdupq_n_u8(15)));
    return Parts<I32>([&](int i) {
      return i % 2 == 0 ? vmovl_s16(vget_low_s16(scale.v[i / 2])) : vmovl_high_s16(scale.v[i / 2]);
    });
  }
  static F32 SideScale(const K16Min& group) { return Zero() - LoadHalves(group.F16s(1)); }
  static uint8x16_t Minimum(const K16Min& group, int half) { return vshrq_n_u8(vld1q_u8(group.Integers(half)), 4); }
};

// Steps of a span: fewer f32 operations a step, for what a span has besides. With blocks of 128 columns that is no gain.
template <class Format>
constexpr int kSpanSteps = Format::kBlockColumns <= 64 ? kWideActivationColumns / Format::kBlockColumns : 1;
static_assert(kActivationColumns == kWideActivationColumns && kWideActivationColumns % 64 == 0, "spans have one scale");

// Of a block: the f32 scale of its rows without the sub-scales.
template <class Format>
inline F32 StepScale(const Format& group) {
  using Scales = typename Format::ScaleKind;
  if constexpr (StepOf<Scales>::kSubColumns == 32) {
    return StepOf<Scales>::Scale(group);
  } else {
    return group.Scale();
  }
}

// 1.5 * 2^23 as f32 and its bits: an int32 sum that begins here is, read as f32, this plus the sum.
constexpr float kMagic = 12582912.0f;
constexpr int32_t kMagicBits = 0x4b400000;

// Whether kMagic holds every sum of a step: a subtraction then does for a conversion, which takes twice as long.
template <class Format>
constexpr bool kMagicHolds = [] {
  using Step = StepOf<typename Format::ScaleKind>;
  const int above = Format::kLargest - Format::kZeroPoint;
  const int magnitude = above > Format::kZeroPoint ? above : Format::kZeroPoint;
  return Step::kSubColumns == 0 && Format::kBlockColumns * 127 * magnitude < (1 << 22);
}();

}  // namespace TURNWISE_ISA
}  // namespace turnwise
