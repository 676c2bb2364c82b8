// Where things are in what the matrix products of i8mm read (panel.h).
#pragma once

#include "int_steps.h"

namespace turnwise {
namespace TURNWISE_ISA {

constexpr int kPanelRows = 8;
constexpr int kPanelColumns = 1024;
static_assert(kPanelColumns % kSuperblockColumns == 0, "a panel is whole steps");
static_assert(kPanelColumns % kWideActivationColumns == 0, "and whole spans of them");
constexpr size_t kVector = 16;
// A set: a vector for every two rows of a panel.
constexpr int kRowPairs = kPanelRows / 2;
constexpr size_t kSet = kRowPairs * kVector;

// A step of a panel: d, the side's scale or offset, minima, then for each sub-scale (or once) the sub-scale and the
// values of its columns. Of `pairs` pairs of tokens: scale, sum, sums that meet the minima, values.
//
// Minima times sums are exact matrix products as well. A sum over 32 columns has 13 bits: two bf16, and minima as bf16,
// by fours. One over 16 columns has 12, 16 * high + low, and its minima 4: 16 * minimum and minimum as unsigned bytes, by
// eights, meet high and low in half as many instructions.
template <class Format>
struct PanelLayout {
  using Step = StepOf<typename Format::ScaleKind>;
  static constexpr int kColumns = Format::kBlockColumns;
  static constexpr int kSubColumns = Step::kSubColumns == 0 ? kColumns : Step::kSubColumns;
  static constexpr int kSubs = kColumns / kSubColumns;
  static constexpr bool kHasSubScale = Step::kSubColumns != 0;
  static constexpr bool kHasSide = Step::kSide != Side::kNone;
  static constexpr bool kHasSum = Step::kSide == Side::kOffset || Step::kSide == Side::kMinimum;
  static constexpr bool kHasMinima = Step::kSide == Side::kMinima;
  static constexpr bool kHasByteMinima = kHasMinima && kSubColumns == 16;
  static constexpr int kMinimaSets = kHasMinima ? kSubs / 4 : 0;
  // That meet one set of minima, for each pair of tokens.
  static constexpr int kSumVectors = kHasByteMinima ? 1 : 2;

  static constexpr size_t kMinimaAt = (kHasSide ? 2 : 1) * kSet;
  static constexpr size_t kSubsAt = kMinimaAt + kMinimaSets * kSet;
  static constexpr size_t kSubBytes = (kHasSubScale ? kSet : 0) + kSubColumns / 8 * kSet;
  static constexpr size_t kStepBytes = kSubsAt + kSubs * kSubBytes;

  // For each pair of tokens.
  static constexpr size_t kSumAt = kVector;
  static constexpr size_t kSumsAt = kVector + (kHasSum ? kVector : 0);
  static constexpr size_t kActivationsAt = kSumsAt + kSumVectors * kMinimaSets * kVector;
  static constexpr size_t kPairBytes = kActivationsAt + kColumns / 8 * kVector;
};

// The largest panel and the largest pair of tokens of any format, in bytes a column: 16-wide sub-scales have most
// beside their values, f32 steps of 32 columns come next.
constexpr size_t kMaxPanelBytes = kPanelColumns * kPanelRows * 2;
constexpr size_t kMaxPairBytes = kPanelColumns * 2 * 2;

}  // namespace TURNWISE_ISA
}  // namespace turnwise
