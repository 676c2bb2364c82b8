// What the matrix products of i8mm read: weights unpacked to a panel, and activations of neighbouring tokens
// side by side. Both are copies of some kPanelColumns columns, made anew for each task; their integers are
// those of the packed form, so that panels give the same sums as dot_gemm.h.
//
// SMMLA multiplies 2 rows by 2 tokens over 8 columns, and its sums lie row by row: (r0 t0, r0 t1, r1 t0, r1 t1).
// So in a panel of 8 rows a vector of 16 bytes holds 8 columns of two rows, and what belongs to a row is stored
// twice, (r0, r0, r1, r1); beside it a vector of activations holds 8 columns of two tokens, and what belongs to a
// token alternates, (t0, t1, t0, t1).
#pragma once

#include "model_loop.h"
#include "panel_minima.h"

namespace turnwise {
namespace TURNWISE_ISA {

inline void StoreTwice(uint8_t* set, const float32x4_t* rows) {
  float* out = reinterpret_cast<float*>(set);
  for (int i = 0; i < 2; ++i) {
    vst1q_f32(out + 8 * i, vzip1q_f32(rows[i], rows[i]));
    vst1q_f32(out + 8 * i + 4, vzip2q_f32(rows[i], rows[i]));
  }
}
inline void StoreTwice(uint8_t* set, const int32x4_t* rows) {
  int32_t* out = reinterpret_cast<int32_t*>(set);
  for (int i = 0; i < 2; ++i) {
    vst1q_s32(out + 8 * i, vzip1q_s32(rows[i], rows[i]));
    vst1q_s32(out + 8 * i + 4, vzip2q_s32(rows[i], rows[i]));
  }
}

// The packed rows of one tile as two panels of 8 rows, `panel_bytes` apart.
template <class Format>
class PanelBuilder {
  using Layout = PanelLayout<Format>;
  using Step = typename Layout::Step;

 public:
  static void Build(const uint8_t* block, int steps, uint8_t* panels, size_t panel_bytes) {
    for (int step = 0; step < steps; ++step, block += Format::kBlockBytes, panels += Layout::kStepBytes) {
      TURNWISE_MODEL_LOOP("unpack", "outer", kTileRows);
      const Format first(block, 0);
      const F32 scale = StepScale(first);
      for (int half = 0; half < 2; ++half) StoreTwice(panels + half * panel_bytes, scale.v + 2 * half);
      BuildSide(first, panels, panel_bytes);
      if constexpr (Layout::kHasMinima) MinimaBuilder<Format>::Build(block, panels + Layout::kMinimaAt, panel_bytes);
#pragma GCC unroll 1
      for (int group = 0; group < Layout::kColumns / kQuantGroup; ++group) {
        if constexpr (Layout::kColumns > kQuantGroup) TURNWISE_MODEL_LOOP("unpack", "inner", kTileRows);
        const Format weights(block, group);
        Prefetch(weights.Values() + kPrefetchBytes);
        BuildGroup(weights, group, panels + Layout::kSubsAt, panel_bytes);
      }
    }
  }

 private:
  static void BuildSide(const Format& first, uint8_t* step, size_t panel_bytes) {
    for (int half = 0; half < 2; ++half) {
      uint8_t* set = step + half * panel_bytes + kSet;
      if constexpr (Step::kSide == Side::kOffset) {
        StoreTwice(set, first.Offset().v + 2 * half);
      } else if constexpr (Layout::kHasSide) {
        StoreTwice(set, Step::SideScale(first).v + 2 * half);
      }
    }
  }

  static void BuildGroup(const Format& weights, int group, uint8_t* subs, size_t panel_bytes) {
    constexpr int kGroupSubs = Layout::kHasSubScale ? kQuantGroup / Layout::kSubColumns : 1;
    Bytes words[kQuantGroup / 4];
#pragma GCC unroll 8
    for (int v = 0; v < Format::kVectors; ++v) {
#pragma GCC unroll 4
      for (int o = 0; o < Format::kOperands; ++o) words[Format::Column(v, o) / 4] = SignedOperand(weights, v, o);
    }
#pragma GCC unroll 2
    for (int i = 0; i < kGroupSubs; ++i) {
      // Without sub-scales a step is one run of values.
      uint8_t* sub = subs + (Layout::kHasSubScale ? (group * kGroupSubs + i) * Layout::kSubBytes : group * 4 * kSet);
      if constexpr (Layout::kHasSubScale) {
        const I32 scale = Step::SubScale(weights, i);
        for (int half = 0; half < 2; ++half) StoreTwice(sub + half * panel_bytes, scale.v + 2 * half);
        sub += kSet;
      }
      constexpr int kWords = kQuantGroup / 4 / kGroupSubs;
#pragma GCC unroll 8
      for (int w = i * kWords; w < (i + 1) * kWords; w += 2, sub += kSet) {
        StoreWords(words[w], words[w + 1], sub, panel_bytes);
      }
    }
  }

  static Bytes SignedOperand(const Format& weights, int vector, int operand) {
    const Bytes bytes = weights.Operand(vector, operand);
    if constexpr (Format::kZeroPoint == 0) return bytes;
    return Parts<Bytes>([&](int i) { return vsubq_u8(bytes.v[i], vdupq_n_u8(Format::kZeroPoint)); });
  }

  // 4 and 4 columns of 16 rows to 8 columns of two rows each.
  static void StoreWords(const Bytes& low, const Bytes& high, uint8_t* values, size_t panel_bytes) {
#pragma GCC unroll 4
    for (int part = 0; part < kParts; ++part) {
      const uint32x4_t a = vreinterpretq_u32_u8(low.v[part]), b = vreinterpretq_u32_u8(high.v[part]);
      uint8_t* out = values + static_cast<size_t>(part / 2) * panel_bytes + static_cast<size_t>(part % 2) * 2 * kVector;
      vst1q_u8(out, vreinterpretq_u8_u32(vzip1q_u32(a, b)));
      vst1q_u8(out + kVector, vreinterpretq_u8_u32(vzip2q_u32(a, b)));
    }
  }
};

// Some columns of two tokens' q8a rows, beside each other.
template <class Format>
class PairBuilder {
  using Layout = PanelLayout<Format>;

 public:
  // Steps lie `stride` bytes apart, a pair's vectors `pairs` vectors.
  static void Build(const uint8_t* const* tokens, int columns, int begin, int steps, int pairs, uint8_t* out) {
    const size_t stride = Layout::kPairBytes * static_cast<size_t>(pairs);
    const size_t gap = kVector * static_cast<size_t>(pairs);
    for (int step = 0; step < steps; ++step, out += stride) {
      const int at = begin + step * Layout::kColumns;
      BuildNumbers(tokens, columns, at, out, gap);
      const int8_t* values[2];
      for (int t = 0; t < 2; ++t) values[t] = reinterpret_cast<const int8_t*>(tokens[t]) + at;
      int8_t* to = reinterpret_cast<int8_t*>(out) + Layout::kActivationsAt / kVector * gap;
      for (int k = 0; k < Layout::kColumns; k += 16, to += 2 * gap) {
        const int64x2_t a = vreinterpretq_s64_s8(vld1q_s8(values[0] + k));
        const int64x2_t b = vreinterpretq_s64_s8(vld1q_s8(values[1] + k));
        vst1q_s8(to, vreinterpretq_s8_s64(vzip1q_s64(a, b)));
        vst1q_s8(to + gap, vreinterpretq_s8_s64(vzip2q_s64(a, b)));
      }
    }
  }

 private:
  static constexpr size_t kGroupBytes = sizeof(float);

  // Scales and sums of the step that begins at column `at`.
  static void BuildNumbers(const uint8_t* const* tokens, int columns, int at, uint8_t* out, size_t gap) {
    const size_t scales_at = static_cast<size_t>(columns) + static_cast<size_t>(at / kQuantGroup) * kGroupBytes;
    const size_t sums_at = scales_at + static_cast<size_t>(columns / kQuantGroup) * kGroupBytes;
    for (int t = 0; t < 2; ++t) {
      PutTwice(LoadAs<float>(tokens[t] + scales_at), t, out);
      const uint8_t* sums = tokens[t] + sums_at;
      if constexpr (Layout::kHasSum) {
        PutTwice(static_cast<float>(SumOf(sums, 0, Layout::kColumns)), t, out + gap);
      }
      if constexpr (Layout::kHasMinima) {
        for (int i = 0; i < Layout::kSubs; ++i) {
          PutSum(SumOf(sums, i * Layout::kSubColumns, Layout::kSubColumns), i, t, out + Layout::kSumsAt / kVector * gap,
                 gap);
        }
      }
    }
  }

  // The sum that meets minimum `index`.
  static void PutSum(int32_t sum, int index, int token, uint8_t* sums, size_t gap) {
    if constexpr (Layout::kHasByteMinima) {
      uint8_t* byte = sums + static_cast<size_t>(index / 8) * gap + static_cast<size_t>(8 * token + index % 8);
      byte[0] = static_cast<uint8_t>(sum >> 4);
      byte[Layout::kMinimaSets / 2 * gap] = static_cast<uint8_t>(sum & 15);
    } else {
      // The first 8 bits, cut off, and the rest.
      const float whole = static_cast<float>(sum);
      const uint32_t high = BitsFromFloat(whole) & 0xffff0000u;
      uint8_t* fours = sums + 2 * static_cast<size_t>(index / 4) * gap;
      PutBf16(high, 4 * token + index % 4, fours);
      PutBf16(BitsFromFloat(whole - FloatFromBits(high)), 4 * token + index % 4, fours + gap);
    }
  }

  template <class T>
  static void PutTwice(T value, int token, uint8_t* vector) {
    for (int i = token; i < 4; i += 2) std::memcpy(vector + static_cast<size_t>(i) * sizeof value, &value, sizeof value);
  }
  static void PutBf16(uint32_t bits, int index, uint8_t* vector) {
    const uint16_t upper = static_cast<uint16_t>(bits >> 16);
    std::memcpy(vector + static_cast<size_t>(index) * sizeof upper, &upper, sizeof upper);
  }
  static int32_t SumOf(const uint8_t* sums, int column, int count) {
    int32_t sum = 0;
    for (int k = column; k < column + count; k += 16) sum += LoadAs<int16_t>(sums + k / 16 * 2);
    return sum;
  }
};

}  // namespace TURNWISE_ISA
}  // namespace turnwise
