// The minima of a step's sub-scales in a panel: exact operands of matrix products, in the layout that panel.h
// describes. In the packed form a sub-scale's minima lie by rows; here a row's lie by sub-scales, so building them is
// transposing bytes.
#pragma once

#include "panel_layout.h"

namespace turnwise {
namespace TURNWISE_ISA {

struct TwoVectors {
  uint8x16_t v[2];
};
inline TwoVectors Zipped(uint8x16_t a, uint8x16_t b) { return {{vzip1q_u8(a, b), vzip2q_u8(a, b)}}; }

// Bytes as bf16, the upper halves of their f32. Beside 0x4b00 a 16-bit number is 2^23 plus itself as f32.
inline void StoreBf16(uint8_t* out, uint8x16_t bytes) {
  const TwoVectors wide = Zipped(bytes, vdupq_n_u8(0));
  const uint16x8_t exponents = vdupq_n_u16(0x4b00);
  const auto number = [](uint16x8_t sum) {
    return vreinterpretq_u16_f32(vsubq_f32(vreinterpretq_f32_u16(sum), vdupq_n_f32(8388608.0f)));
  };
#pragma GCC unroll 2
  for (int i = 0; i < 2; ++i) {
    const uint16x8_t half = vreinterpretq_u16_u8(wide.v[i]);
    const uint16x8_t low = number(vzip1q_u16(half, exponents)), high = number(vzip2q_u16(half, exponents));
    vst1q_u8(out + static_cast<size_t>(i) * kVector, vreinterpretq_u8_u16(vuzp2q_u16(low, high)));
  }
}

template <class Format>
class MinimaBuilder {
  using Layout = PanelLayout<Format>;
  using Step = typename Layout::Step;
  static constexpr int kCount = kQuantGroup / Layout::kSubColumns;

 public:
  // `block` is the packed step; `minima` where those of the first panel begin.
  static inline __attribute__((always_inline)) void Build(const uint8_t* block, uint8_t* minima, size_t panel_bytes) {
    if constexpr (Layout::kHasByteMinima) {
#pragma GCC unroll 2
      for (int eight = 0; eight < Layout::kSubs / 8; ++eight) {
        BuildEight(block, 8 * eight, minima + static_cast<size_t>(eight) * kSet, panel_bytes);
      }
    } else {
#pragma GCC unroll 2
      for (int four = 0; four < Layout::kSubs / 4; ++four) {
        BuildFour(block, 4 * four, minima + static_cast<size_t>(four) * kSet, panel_bytes);
      }
    }
  }

 private:
  // Of 16 rows.
  static inline __attribute__((always_inline)) uint8x16_t MinimaOf(const uint8_t* block, int sub) {
    return Step::Minimum(Format(block, sub / kCount), sub % kCount);
  }

  // 4 bf16 of each row, 8 rows to a set.
  static inline __attribute__((always_inline)) void BuildFour(const uint8_t* block, int sub, uint8_t* set,
                                                              size_t panel_bytes) {
    const TwoVectors even = Zipped(MinimaOf(block, sub), MinimaOf(block, sub + 2));
    const TwoVectors odd = Zipped(MinimaOf(block, sub + 1), MinimaOf(block, sub + 3));
#pragma GCC unroll 2
    for (int half = 0; half < 2; ++half) {
      const TwoVectors rows = Zipped(even.v[half], odd.v[half]);
      uint8_t* out = set + static_cast<size_t>(half) * panel_bytes;
      StoreBf16(out, rows.v[0]);
      StoreBf16(out + 2 * kVector, rows.v[1]);
    }
  }

  // 8 bytes of each row, 8 rows to a set: times 16, and behind all sets of those as they are.
  static inline __attribute__((always_inline)) void BuildEight(const uint8_t* block, int sub, uint8_t* set,
                                                               size_t panel_bytes) {
    TwoVectors fours[4];
#pragma GCC unroll 4
    for (int i = 0; i < 4; ++i) fours[i] = Zipped(MinimaOf(block, sub + i), MinimaOf(block, sub + i + 4));
#pragma GCC unroll 2
    for (int half = 0; half < 2; ++half) {
      const TwoVectors even = Zipped(fours[0].v[half], fours[2].v[half]);
      const TwoVectors odd = Zipped(fours[1].v[half], fours[3].v[half]);
      uint8_t* out = set + static_cast<size_t>(half) * panel_bytes;
#pragma GCC unroll 2
      for (int i = 0; i < 2; ++i) {
        const TwoVectors rows = Zipped(even.v[i], odd.v[i]);
#pragma GCC unroll 2
        for (int j = 0; j < 2; ++j, out += kVector) {
          vst1q_u8(out, vshlq_n_u8(rows.v[j], 4));
          vst1q_u8(out + Layout::kMinimaSets / 2 * kSet, rows.v[j]);
        }
      }
    }
  }
};

}  // namespace TURNWISE_ISA
}  // namespace turnwise
