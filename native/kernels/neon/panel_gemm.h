// Products of many tokens with integer weights by matrix instructions (i8mm, bf16): blocks of 8 rows x 6 tokens
// over a panel (panel.h). Few tokens are dot_gemm.h's; both give the same bits.
#pragma once

#include "dot_gemm.h"
#include "panel.h"

namespace turnwise {
namespace TURNWISE_ISA {

// Pairs of tokens of a block: 4 x 3 int32 sums hide the latency of SMMLA and leave registers for the f32 ones.
constexpr int kPanelPairs = 3;
// Tokens whose activations are held side by side: 96 KiB beside a panel, in L2.
constexpr int kPanelTokens = 96;

alignas(16) static const int32_t kFourMagicBits[4] = {kMagicBits, kMagicBits, kMagicBits, kMagicBits};

// A load where the compiler would take a vector instruction: those are what the loop is short of.
inline __attribute__((always_inline)) int32x4_t LoadMagic() {
  int32x4_t v;
  asm volatile("ldr %q0, %1" : "=w"(v) : "m"(kFourMagicBits));
  return v;
}

template <class Format, int kPairs>
class PanelBlock {
  using Layout = PanelLayout<Format>;
  using Step = typename Layout::Step;
 public:
  // sums[i][p] += the products of row pair i of the panel and pair p of tokens.
  static void Multiply(const uint8_t* panel, const uint8_t* tokens, int steps, float32x4_t (*sums)[kPairs]) {
    float32x4_t results[kRowPairs][kPairs];
    Each([&](int i, int p) { results[i][p] = sums[i][p]; });
    for (int step = 0; step < steps;) {
      TURNWISE_MODEL_LOOP("panel", "outer", kPairs);
      const int end = step + kSpanSteps<Format> < steps ? step + kSpanSteps<Format> : steps;
      const uint8_t* scales = tokens;
      Floats span;
      if constexpr (kSpanSteps<Format> > 1) Each([&](int i, int p) { span[i][p] = vreinterpretq_f32_s32(FreshZero()); });
      do {
        if constexpr (kSpanSteps<Format> > 1) TURNWISE_MODEL_LOOP("panel", "middle", kPairs);
        AddStep(panel, tokens, span);
        panel += Layout::kStepBytes;
        tokens += Layout::kPairBytes * kPairs;
        ++step;
      } while (kSpanSteps<Format> > 1 && step < end);
      Each([&](int i, int p) { results[i][p] = vfmaq_f32(results[i][p], span[i][p], VectorAt<float32x4_t>(scales, p)); });
    }
    Each([&](int i, int p) { sums[i][p] = results[i][p]; });
  }

 private:
  using Ints = int32x4_t[kRowPairs][kPairs];
  using Floats = float32x4_t[kRowPairs][kPairs];

  template <class Body>
  static inline __attribute__((always_inline)) void Each(Body body) {
#pragma GCC unroll 4
    for (int i = 0; i < kRowPairs; ++i) {
#pragma GCC unroll 4
      for (int p = 0; p < kPairs; ++p) body(i, p);
    }
  }

  template <class T>
  static inline __attribute__((always_inline)) T VectorAt(const uint8_t* base, int index) {
    T v;
    std::memcpy(&v, base + static_cast<size_t>(index) * kVector, sizeof v);
    return v;
  }

  static inline __attribute__((always_inline)) void AddStep(const uint8_t* panel, const uint8_t* tokens,
                                                            Floats& span) {
    const uint8_t* values = tokens + Layout::kActivationsAt * kPairs;
    if constexpr (Layout::kHasSubScale) {
      Ints totals;
      ScaledProducts(panel + Layout::kSubsAt, values, totals);
      Each([&](int i, int p) { AddScaled(vcvtq_f32_s32(totals[i][p]), VectorAt<float32x4_t>(panel, i), span[i][p]); });
    } else {
      Ints dots;
      Each([&](int i, int p) { dots[i][p] = kMagicHolds<Format> ? LoadMagic() : FreshZero(); });
      Products(panel + Layout::kSubsAt, values, dots);
      Each([&](int i, int p) {
        float32x4_t whole;
        if constexpr (kMagicHolds<Format>) {
          whole = vsubq_f32(vreinterpretq_f32_s32(dots[i][p]), vdupq_n_f32(kMagic));
        } else {
          whole = vcvtq_f32_s32(dots[i][p]);
        }
        if constexpr (Step::kSide == Side::kOffset) {
          whole = vfmaq_f32(whole, VectorAt<float32x4_t>(panel + kSet, i), VectorAt<float32x4_t>(tokens, kPairs + p));
        }
        AddScaled(whole, VectorAt<float32x4_t>(panel, i), span[i][p]);
      });
    }
    if constexpr (Step::kSide == Side::kMinimum) {
      Each([&](int i, int p) {
        span[i][p] = vfmaq_f32(span[i][p], VectorAt<float32x4_t>(panel + kSet, i), VectorAt<float32x4_t>(tokens, kPairs + p));
      });
    }
    if constexpr (Step::kSide == Side::kMinima) AddMinima(panel, tokens, span);
  }

  static inline __attribute__((always_inline)) void AddScaled(float32x4_t sum, float32x4_t scale, float32x4_t& span) {
    span = kSpanSteps<Format> == 1 ? vmulq_f32(sum, scale) : vfmaq_f32(span, sum, scale);
  }

  // dots += values of one sub-scale, or of the step.
  static inline __attribute__((always_inline)) void Products(const uint8_t* weights, const uint8_t* tokens,
                                                             Ints& dots) {
    constexpr int kUnrolled = Layout::kSubColumns / 8 < 4 ? Layout::kSubColumns / 8 : 4;
#pragma GCC unroll 1
    for (int outer = 0; outer < Layout::kSubColumns / 8; outer += kUnrolled) {
      if constexpr (Layout::kSubColumns / 8 > kUnrolled) TURNWISE_MODEL_LOOP("panel", "inner", kPairs);
#pragma GCC unroll 4
      for (int k = 0; k < kUnrolled; ++k) {
        int8x16_t rows[kRowPairs];
#pragma GCC unroll 4
        for (int i = 0; i < kRowPairs; ++i) rows[i] = VectorAt<int8x16_t>(weights, k * kRowPairs + i);
#pragma GCC unroll 4
        for (int p = 0; p < kPairs; ++p) {
          const int8x16_t pair = VectorAt<int8x16_t>(tokens, k * kPairs + p);
#pragma GCC unroll 4
          for (int i = 0; i < kRowPairs; ++i) dots[i][p] = vmmlaq_s32(dots[i][p], rows[i], pair);
        }
      }
      weights += kUnrolled * kSet;
      tokens += static_cast<size_t>(kUnrolled * kPairs) * kVector;
    }
  }

  // totals = the sum over sub-scales of each times its products.
  static inline __attribute__((always_inline)) void ScaledProducts(const uint8_t* subs, const uint8_t* tokens,
                                                                   Ints& totals) {
    Each([&](int i, int p) { totals[i][p] = FreshZero(); });
#pragma GCC unroll 1
    for (int sub = 0; sub < Layout::kSubs; ++sub) {
      TURNWISE_MODEL_LOOP("panel", "inner", kPairs);
      Ints dots;
      Each([&](int i, int p) { dots[i][p] = FreshZero(); });
      Products(subs + kSet, tokens, dots);
      Each([&](int i, int p) { totals[i][p] = vmlaq_s32(totals[i][p], dots[i][p], VectorAt<int32x4_t>(subs, i)); });
      subs += Layout::kSubBytes;
      tokens += static_cast<size_t>(Layout::kSubColumns / 8 * kPairs) * kVector;
    }
  }

  // Minima times sums, exact.
  static inline __attribute__((always_inline)) void AddMinima(const uint8_t* panel, const uint8_t* tokens,
                                                              Floats& span) {
    const uint8_t* minima = panel + Layout::kMinimaAt;
    const uint8_t* sums = tokens + Layout::kSumsAt * kPairs;
    Each([&](int i, int p) {
      const float32x4_t products = Layout::kHasByteMinima ? ByteMinima(minima, sums, i, p) : Bf16Minima(minima, sums, i, p);
      span[i][p] = vfmaq_f32(span[i][p], products, VectorAt<float32x4_t>(panel + kSet, i));
    });
  }

  // Sums of integers below 2^24 in f32.
  static inline __attribute__((always_inline)) float32x4_t Bf16Minima(const uint8_t* minima, const uint8_t* sums, int i,
                                                                      int p) {
    float32x4_t products = vreinterpretq_f32_s32(FreshZero());
#pragma GCC unroll 4
    for (int four = 0; four < Layout::kMinimaSets; ++four) {
      const bfloat16x8_t rows = VectorAt<bfloat16x8_t>(minima, four * kRowPairs + i);
#pragma GCC unroll 2
      for (int part = 0; part < 2; ++part) {
        products = vbfmmlaq_f32(products, rows, VectorAt<bfloat16x8_t>(sums, (2 * four + part) * kPairs + p));
      }
    }
    return products;
  }

  // 16 minima of up to 15 times sums of up to 16 * 127 are below 2^22, which kMagic holds.
  static inline __attribute__((always_inline)) float32x4_t ByteMinima(const uint8_t* minima, const uint8_t* sums, int i,
                                                                      int p) {
    int32x4_t products = LoadMagic();
#pragma GCC unroll 4
    for (int set = 0; set < Layout::kMinimaSets; ++set) {
      products = vusmmlaq_s32(products, VectorAt<uint8x16_t>(minima, set * kRowPairs + i),
                              VectorAt<int8x16_t>(sums, set * kPairs + p));
    }
    return vsubq_f32(vreinterpretq_f32_s32(products), vdupq_n_f32(kMagic));
  }
};

// Up to kPanelTokens tokens times some tiles.
template <class Format>
class PanelGemm {
  using Layout = PanelLayout<Format>;

 public:
  static constexpr size_t kScratchBytes = 2 * kMaxPanelBytes + (kPanelTokens / 2) * kMaxPairBytes;
  static_assert(2 * Layout::kStepBytes * (kPanelColumns / Layout::kColumns) <= 2 * kMaxPanelBytes);
  static_assert(Layout::kPairBytes * (kPanelColumns / Layout::kColumns) <= kMaxPairBytes);

  static void Multiply(const GemmTask& task) {
    for (int begin = 0; begin < task.tokens; begin += kPanelTokens) {
      const int tokens = task.tokens - begin < kPanelTokens ? task.tokens - begin : kPanelTokens;
      for (int column = 0; column < task.w->columns; column += kPanelColumns) {
        const int left = task.w->columns - column;
        Columns(task, begin, tokens, column, (left < kPanelColumns ? left : kPanelColumns) / Layout::kColumns);
      }
    }
  }

 private:
  static void Columns(const GemmTask& task, int begin, int tokens, int column, int steps) {
    uint8_t* panels = task.scratch;
    uint8_t* side_by_side = task.scratch + 2 * kMaxPanelBytes;
    const size_t panel_bytes = Layout::kStepBytes * static_cast<size_t>(steps);
    const int pairs = (tokens + 1) / 2;
    const int blocks = (pairs + kPanelPairs - 1) / kPanelPairs;
    int pair = 0;
    for (int block = 0; block < blocks; ++block) {
      const int count = (pairs - pair) / (blocks - block);
      PackBlock(task, begin, tokens, column, steps, pair, count, BlockAt(side_by_side, pair, steps));
      pair += count;
    }
    for (int tile = 0; tile < task.tile_count; ++tile) {
      const uint8_t* packed = task.w->data + static_cast<size_t>(task.tile_begin + tile) * task.w->tile_bytes +
                              static_cast<size_t>(column / Layout::kColumns) * Format::kBlockBytes;
      PanelBuilder<Format>::Build(packed, steps, panels, panel_bytes);
      pair = 0;
      for (int block = 0; block < blocks; ++block) {
        const int count = (pairs - pair) / (blocks - block);
        float* out = task.out + static_cast<size_t>(begin + 2 * pair) * task.stride + tile * kTileRows;
        const uint8_t* activations = BlockAt(side_by_side, pair, steps);
        for (int half = 0; half < 2; ++half) {
          BlockOf<kPanelPairs>(count, panels + half * panel_bytes, activations, steps, column == 0,
                               tokens - 2 * pair, out + half * kPanelRows, task.stride);
        }
        pair += count;
      }
    }
  }

  static uint8_t* BlockAt(uint8_t* side_by_side, int pair, int steps) {
    return side_by_side + Layout::kPairBytes * static_cast<size_t>(steps) * static_cast<size_t>(pair);
  }

  static void PackBlock(const GemmTask& task, int begin, int tokens, int column, int steps, int pair, int count,
                        uint8_t* out) {
    for (int p = 0; p < count; ++p) {
      const int token = 2 * (pair + p);
      // The last of an odd number is its own neighbour, and what that gives is dropped.
      const int next = token + 1 < tokens ? token + 1 : token;
      const uint8_t* rows[2] = {task.x + static_cast<size_t>(begin + token) * task.x_row_bytes,
                                task.x + static_cast<size_t>(begin + next) * task.x_row_bytes};
      PairBuilder<Format>::Build(rows, task.w->columns, column, steps, count, out + static_cast<size_t>(p) * kVector);
    }
  }

  template <int kPairs>
  static void BlockOf(int pairs, const uint8_t* panel, const uint8_t* activations, int steps, bool first, int tokens,
                      float* out, size_t stride) {
    if constexpr (kPairs > 1) {
      if (pairs < kPairs) return BlockOf<kPairs - 1>(pairs, panel, activations, steps, first, tokens, out, stride);
    }
    float32x4_t sums[kRowPairs][kPairs];
    if (first) {
      for (auto& row : sums) {
        for (float32x4_t& sum : row) sum = vdupq_n_f32(0.0f);
      }
    } else {
      LoadSums<kPairs>(out, stride, tokens, sums);
    }
    PanelBlock<Format, kPairs>::Multiply(panel, activations, steps, sums);
    StoreSums<kPairs>(sums, tokens, out, stride);
  }

  // Rows (r0, r1, r2, r3) of two tokens from and to the sums of two row pairs.
  template <int kPairs>
  static void LoadSums(const float* out, size_t stride, int tokens, float32x4_t (*sums)[kPairs]) {
    for (int p = 0; p < kPairs; ++p) {
      const float* even = out + static_cast<size_t>(2 * p) * stride;
      const float* odd = 2 * p + 1 < tokens ? even + stride : even;
      for (int i = 0; i < kRowPairs; i += 2) {
        const float32x4_t a = vld1q_f32(even + 2 * i), b = vld1q_f32(odd + 2 * i);
        sums[i][p] = vzip1q_f32(a, b);
        sums[i + 1][p] = vzip2q_f32(a, b);
      }
    }
  }
  template <int kPairs>
  static void StoreSums(const float32x4_t (*sums)[kPairs], int tokens, float* out, size_t stride) {
    for (int p = 0; p < kPairs; ++p) {
      float* even = out + static_cast<size_t>(2 * p) * stride;
      for (int i = 0; i < kRowPairs; i += 2) {
        vst1q_f32(even + 2 * i, vuzp1q_f32(sums[i][p], sums[i + 1][p]));
        if (2 * p + 1 < tokens) vst1q_f32(even + stride + 2 * i, vuzp2q_f32(sums[i][p], sums[i + 1][p]));
      }
    }
  }
};

// Tokens up to which products are taken straight from the packed weights, which each block of tokens cuts out again; a
// panel is built once for all. Bytes need no cutting out. By the loops of `npm run arm:model`, 4 and 5 tokens of other weights
// take from 19 % less time by a panel to 2 % more on Neoverse V1, and from 21 % less to 8 % more on V2.
template <class Format>
constexpr int kPackedTokens = Format::kOperands == 1 ? 5 : kDotTokens;

template <class Format>
void PanelOrDotGemm(const GemmTask& task) {
  if (task.tokens <= kPackedTokens<Format>) return DotGemm<Format>(task);
  PanelGemm<Format>::Multiply(task);
}

template <class Format>
size_t PanelScratchBytes(int32_t) {
  return PanelGemm<Format>::kScratchBytes;
}

template <class Format>
constexpr FormatKernels PanelGemmKernels() {
  return {PanelOrDotGemm<Format>, PanelScratchBytes<Format>, UnpackIntRow<Format>};
}

}  // namespace TURNWISE_ISA
}  // namespace turnwise
