// Products of few tokens with integer weights on Arm: SDOT and USDOT straight from the packed weights, each
// instruction 4 columns of 4 rows, the activations 16 columns to a register and taken by lane.
#pragma once

#include "../load_as.h"
#include "int_steps.h"
#include "model_loop.h"

namespace turnwise {
namespace TURNWISE_ISA {

// Tokens that share an unpacked weight: 3 x 16 rows of int32 sums, beside their operands.
constexpr int kDotTokens = 3;

// How far ahead of the loads the packed weights are asked for.
constexpr size_t kPrefetchBytes = 2048;

inline I32 FreshZeros() {
  return Parts<I32>([](int) { return FreshZero(); });
}
inline I32 FreshBroadcasts(int32_t x) {
  return Parts<I32>([x](int) { return FreshBroadcast(x); });
}

// `x`, calculated by now. Among the products, where the compiler would move it, it costs copies of their sums.
inline F32 Settled(F32 x) {
#pragma GCC unroll 4
  for (int i = 0; i < kParts; ++i) asm volatile("" : "+w"(x.v[i]));
  return x;
}

inline I32 MultiplyAdd(const I32& a, const I32& b, const I32& c) {
  return Parts<I32>([&](int i) { return vmlaq_s32(c.v[i], a.v[i], b.v[i]); });
}

// A sum of a group's activations is an int16.
inline I32 MultiplyAdd(const I16& a, int16_t b, const I32& c) {
  return {{vmlal_n_s16(c.v[0], vget_low_s16(a.v[0]), b), vmlal_high_n_s16(c.v[1], a.v[0], b),
           vmlal_n_s16(c.v[2], vget_low_s16(a.v[1]), b), vmlal_high_n_s16(c.v[3], a.v[1], b)}};
}

// dots += operand . 4 columns of `sixteen`, lane 0 .. 3. The unrolled loops around make the lane a constant.
template <bool kUnsigned>
inline __attribute__((always_inline)) void AddDot(I32* dots, const Bytes& operand, int8x16_t sixteen, int lane) {
#pragma GCC unroll 4
  for (int i = 0; i < kParts; ++i) {
    int32x4_t& sum = dots->v[i];
#ifdef __ARM_FEATURE_MATMUL_INT8
    if constexpr (kUnsigned) {
      switch (lane) {
        case 0: sum = vusdotq_laneq_s32(sum, operand.v[i], sixteen, 0); break;
        case 1: sum = vusdotq_laneq_s32(sum, operand.v[i], sixteen, 1); break;
        case 2: sum = vusdotq_laneq_s32(sum, operand.v[i], sixteen, 2); break;
        default: sum = vusdotq_laneq_s32(sum, operand.v[i], sixteen, 3); break;
      }
      continue;
    }
#endif
    const int8x16_t weights = vreinterpretq_s8_u8(operand.v[i]);
    switch (lane) {
      case 0: sum = vdotq_laneq_s32(sum, weights, sixteen, 0); break;
      case 1: sum = vdotq_laneq_s32(sum, weights, sixteen, 1); break;
      case 2: sum = vdotq_laneq_s32(sum, weights, sixteen, 2); break;
      default: sum = vdotq_laneq_s32(sum, weights, sixteen, 3); break;
    }
  }
}

// Whether weights above 127 are multiplied as unsigned bytes; otherwise they lose their zero point first.
#ifdef __ARM_FEATURE_MATMUL_INT8
constexpr bool kHasUnsignedDot = true;
#else
constexpr bool kHasUnsignedDot = false;
#endif

template <class Format, int kTokens>
class DotBlock {
  using Step = StepOf<typename Format::ScaleKind>;
  static constexpr int kGroups = Format::kBlockColumns / kQuantGroup;
  static constexpr size_t kSpanGroups = kSpanSteps<Format> * kGroups;
  static constexpr int kHalf = kQuantGroup / 2;
  static constexpr bool kUnsigned = Format::kLargest > 127 && kHasUnsignedDot;
  static constexpr bool kSigned = Format::kLargest > 127 && !kHasUnsignedDot;
  // The zero point that is in the products.
  static constexpr int kZero = kSigned ? 0 : Format::kZeroPoint;
  static_assert(Step::kSide != Side::kOffset || kMagicHolds<Format>, "the sum that meets the offset is exact in f32");

 public:
  // out[t * stride + r] for kTokens tokens from rows[0] on and the 16 rows of a tile.
  static void Multiply(const GemmTask& task, const uint8_t* tile, int first_token, float* out) {
    const size_t columns = static_cast<size_t>(task.w->columns);
    const size_t groups = columns / kQuantGroup;
    const uint8_t* rows[kTokens];
    F32 sums[kTokens];
#pragma GCC unroll 4
    for (int t = 0; t < kTokens; ++t) {
      rows[t] = task.x + static_cast<size_t>(first_token + t) * task.x_row_bytes;
      sums[t] = Zero();
    }
    for (size_t group = 0; group < groups;) {
      TURNWISE_MODEL_LOOP("dot", "outer", kTokens);
      const size_t end = group + kSpanGroups < groups ? group + kSpanGroups : groups;
      const size_t scale_at = columns + group * sizeof(float);
      F32 span[kTokens];
#pragma GCC unroll 4
      for (int t = 0; t < kTokens; ++t) span[t] = Zero();
      do {
        if constexpr (kSpanSteps<Format> > 1) TURNWISE_MODEL_LOOP("dot", "middle", kTokens);
        AddStep(tile, rows, group * kQuantGroup, columns + (groups + group) * sizeof(float), span);
        tile += Format::kBlockBytes;
        group += kGroups;
      } while (kSpanSteps<Format> > 1 && group < end);
#pragma GCC unroll 4
      for (int t = 0; t < kTokens; ++t) {
        sums[t] = Fma(span[t], Broadcast(LoadAs<float>(rows[t] + scale_at)), sums[t]);
      }
    }
#pragma GCC unroll 4
    for (int t = 0; t < kTokens; ++t) Store(out + static_cast<size_t>(t) * task.stride, sums[t]);
  }

 private:
  static inline __attribute__((always_inline)) void AddStep(const uint8_t* block, const uint8_t* const* rows,
                                                            size_t values_at, size_t sums_at, F32* span) {
    I32 totals[kTokens];
    I32 minima[kTokens];
    int32_t activation_sums[kTokens];
#pragma GCC unroll 4
    for (int t = 0; t < kTokens; ++t) {
      activation_sums[t] = StepSum(rows[t] + sums_at);
      // Without sub-scales the zero point is taken off here, for the whole step.
      constexpr int32_t kBegin = kMagicHolds<Format> ? kMagicBits : 0;
      totals[t] = Step::kSubColumns != 0 ? FreshZeros() : FreshBroadcasts(kBegin - kZero * activation_sums[t]);
      if constexpr (Step::kSide == Side::kMinima) minima[t] = FreshZeros();
    }
#pragma GCC unroll 1
    for (int group = 0; group < kGroups; ++group) {
      if constexpr (kGroups > 1) TURNWISE_MODEL_LOOP("dot", "inner", kTokens);
      const Format weights(block, group);
      Prefetch(weights.Values() + kPrefetchBytes);
      const size_t at = values_at + static_cast<size_t>(group) * kQuantGroup;
      int32_t halves[kTokens][2];
#pragma GCC unroll 4
      for (int t = 0; t < kTokens; ++t) LoadHalfSums(rows[t] + sums_at, group, halves[t]);
      AddProducts(weights, rows, at, halves, totals);
      if constexpr (Step::kSide == Side::kMinima) AddMinima(weights, halves, minima);
    }
    const Format weights(block, 0);
    const F32 scale = StepScale(weights);
    F32 offset;
    if constexpr (Step::kSide == Side::kOffset) offset = Settled(weights.Offset());
#pragma GCC unroll 4
    for (int t = 0; t < kTokens; ++t) {
      const F32 whole = FloatTotals(offset, totals[t], activation_sums[t]);
      span[t] = kSpanSteps<Format> == 1 ? whole * scale : Fma(whole, scale, span[t]);
      if constexpr (Step::kSide == Side::kMinimum) {
        span[t] = Fma(Step::SideScale(weights), Broadcast(static_cast<float>(activation_sums[t])), span[t]);
      } else if constexpr (Step::kSide == Side::kMinima) {
        span[t] = Fma(ToFloat(minima[t]), Step::SideScale(weights), span[t]);
      }
    }
  }

  // Of a group's activations, columns 0 .. 15 and 16 .. 31.
  static inline __attribute__((always_inline)) void LoadHalfSums(const uint8_t* sums, int group, int32_t* halves) {
    const int32_t pair = LoadAs<int32_t>(sums + static_cast<size_t>(group) * sizeof pair);
    halves[0] = static_cast<int16_t>(pair & 0xffff);
    halves[1] = pair >> 16;
  }

  // Of a step's activations.
  static inline __attribute__((always_inline)) int32_t StepSum(const uint8_t* sums) {
    int32_t sum = 0;
#pragma GCC unroll 8
    for (int group = 0; group < kGroups; ++group) {
      int32_t halves[2];
      LoadHalfSums(sums, group, halves);
      sum += halves[0] + halves[1];
    }
    return sum;
  }

  // A step's int32 sums, the offset times the activations' sum added to them where there is one.
  static inline __attribute__((always_inline)) F32 FloatTotals(const F32& offset, const I32& totals, int32_t sum) {
    F32 whole;
    if constexpr (kMagicHolds<Format>) {
      whole = Parts<F32>([&](int i) { return vsubq_f32(vreinterpretq_f32_s32(totals.v[i]), vdupq_n_f32(kMagic)); });
    } else {
      whole = ToFloat(totals);
    }
    if constexpr (Step::kSide == Side::kOffset) {
      whole = Fma(offset, Broadcast(static_cast<float>(sum)), whole);
    }
    return whole;
  }

  // The products of a group, by halves where those have scales of their own.
  static inline __attribute__((always_inline)) void AddProducts(const Format& weights, const uint8_t* const* rows,
                                                                size_t values_at, const int32_t (*halves)[2],
                                                                I32* totals) {
    constexpr int kVectors = Format::kVectors / Format::kSubgroups;
    constexpr bool kScaled = Step::kSubColumns != 0;
    int8x16_t sixteens[kTokens][2];
#pragma GCC unroll 4
    for (int t = 0; t < kTokens; ++t) {
      const int8_t* values = reinterpret_cast<const int8_t*>(rows[t] + values_at);
      sixteens[t][0] = vld1q_s8(values);
      sixteens[t][1] = vld1q_s8(values + kHalf);
    }
#pragma GCC unroll 2
    for (int half = 0; half < Format::kSubgroups; ++half) {
      I32 scaled[kTokens];
      if constexpr (kScaled) {
#pragma GCC unroll 4
        for (int t = 0; t < kTokens; ++t) {
          const int32_t sum = Format::kSubgroups == 1 ? halves[t][0] + halves[t][1] : halves[t][half];
          scaled[t] = FreshBroadcasts(-kZero * sum);
        }
      }
      I32* const dots = kScaled ? scaled : totals;
#pragma GCC unroll 8
      for (int v = half * kVectors; v < (half + 1) * kVectors; ++v) {
#pragma GCC unroll 4
        for (int o = 0; o < Format::kOperands; ++o) {
          const int column = Format::Column(v, o);
          const Bytes operand = OperandOf(weights, v, o);
#pragma GCC unroll 4
          for (int t = 0; t < kTokens; ++t) {
            AddDot<kUnsigned>(&dots[t], operand, sixteens[t][column / kHalf], column % kHalf / 4);
          }
        }
      }
      if constexpr (kScaled) {
        const I32 scale = Step::SubScale(weights, half);
#pragma GCC unroll 4
        for (int t = 0; t < kTokens; ++t) totals[t] = MultiplyAdd(scaled[t], scale, totals[t]);
      }
    }
  }

  static inline __attribute__((always_inline)) Bytes OperandOf(const Format& weights, int vector, int operand) {
    const Bytes bytes = weights.Operand(vector, operand);
    if constexpr (!kSigned) return bytes;
    return Parts<Bytes>([&](int i) { return veorq_u8(bytes.v[i], vdupq_n_u8(Format::kZeroPoint)); });
  }

  static inline __attribute__((always_inline)) void AddMinima(const Format& weights, const int32_t (*halves)[2],
                                                              I32* minima) {
    constexpr int kCount = kQuantGroup / Step::kSubColumns;
#pragma GCC unroll 2
    for (int i = 0; i < kCount; ++i) {
      const I16 minimum = Widened(Step::Minimum(weights, i));
#pragma GCC unroll 4
      for (int t = 0; t < kTokens; ++t) {
        const int32_t sum = kCount == 1 ? halves[t][0] + halves[t][1] : halves[t][i];
        minima[t] = MultiplyAdd(minimum, static_cast<int16_t>(sum), minima[t]);
      }
    }
  }
};

// Calls DotBlock for a number of tokens known only now, 1 .. kTokens.
template <class Format, int kTokens>
inline void DotBlockOf(int tokens, const GemmTask& task, const uint8_t* tile, int first_token, float* out) {
  if constexpr (kTokens > 1) {
    if (tokens < kTokens) return DotBlockOf<Format, kTokens - 1>(tokens, task, tile, first_token, out);
  }
  DotBlock<Format, kTokens>::Multiply(task, tile, first_token, out);
}

// Tiles outside and tokens inside: a tile is read from memory once, and again from L1 or L2.
template <class Format>
void DotGemm(const GemmTask& task) {
  const int blocks = (task.tokens + kDotTokens - 1) / kDotTokens;
  for (int tile = 0; tile < task.tile_count; ++tile) {
    const uint8_t* packed = task.w->data + static_cast<size_t>(task.tile_begin + tile) * task.w->tile_bytes;
    int begin = 0;
    for (int block = 0; block < blocks; ++block) {
      const int count = (task.tokens - begin) / (blocks - block);
      DotBlockOf<Format, kDotTokens>(count, task, packed, begin,
                                     task.out + static_cast<size_t>(begin) * task.stride + tile * kTileRows);
      begin += count;
    }
  }
}

inline size_t NoDotScratch(int32_t) { return 0; }

template <class Format>
constexpr FormatKernels DotGemmKernels() {
  return {DotGemm<Format>, NoDotScratch, UnpackIntRow<Format>};
}

}  // namespace TURNWISE_ISA
}  // namespace turnwise
