#include "weight_formats.h"

#include <iterator>

namespace turnwise {

namespace {

constexpr int kScaleBytes = 2;  // f16
constexpr int kZeroPointBytes = 1;
// Of 8 groups, each with its values and some integers of a byte, behind f16 scales.
constexpr int SuperblockBytes(int scales, int integers, int value_bytes) {
  return scales * kScaleBytes + 8 * (integers + value_bytes);
}

// In the order of WeightFormat.
constexpr WeightFormatInfo kFormats[] = {
    {"f32", 1, 4, OperandType::kF32},
    {"f16", 1, 2, OperandType::kF32},
    {"bf16", 1, 2, OperandType::kF32},
    {"int8_g32", 32, kScaleBytes + 32, OperandType::kQ8a},
    {"int4_g32", 32, kScaleBytes + 16, OperandType::kQ8a},
    {"int4_g32_min", 32, 2 * kScaleBytes + 16, OperandType::kQ8a},
    {"int5_g32", 32, kScaleBytes + 20, OperandType::kQ8a},
    {"int5_g32_min", 32, 2 * kScaleBytes + 20, OperandType::kQ8a},
    {"code4_g32", 32, kScaleBytes + 16, OperandType::kQ8a},
    {"int2_k16_min", 256, SuperblockBytes(2, 2, 8), OperandType::kQ8a},
    {"int3_k16", 256, SuperblockBytes(1, 2, 12), OperandType::kQ8a},
    {"int4_k32_min", 256, SuperblockBytes(2, 2, 16), OperandType::kQ8a},
    {"int5_k32_min", 256, SuperblockBytes(2, 2, 20), OperandType::kQ8a},
    {"int6_k16", 256, SuperblockBytes(1, 2, 24), OperandType::kQ8a},
    {"code4_k32", 256, SuperblockBytes(1, 1, 16), OperandType::kQ8a},
    {"int4_g32_zero", 32, kScaleBytes + kZeroPointBytes + 16, OperandType::kQ8a},
    {"int4_g64_zero", 64, kScaleBytes + kZeroPointBytes + 32, OperandType::kQ8a},
    {"int4_g128_zero", 128, kScaleBytes + kZeroPointBytes + 64, OperandType::kQ8a},
    {"int8_g32_zero", 32, kScaleBytes + kZeroPointBytes + 32, OperandType::kQ8a},
    {"int8_g128_zero", 128, kScaleBytes + kZeroPointBytes + 128, OperandType::kQ8a},
    {"int4_g32_wide", 32, 2 * kScaleBytes + kZeroPointBytes + 16, OperandType::kQ8a},
    {"int8_g32_wide", 32, 2 * kScaleBytes + kZeroPointBytes + 32, OperandType::kQ8a},
};
static_assert(std::size(kFormats) == kWeightFormatCount);

}  // namespace

const char* LayoutName(WeightLayout layout) {
  switch (layout) {
    case WeightLayout::kRows16x4: return "rows16x4";
  }
  return "unknown";
}

const WeightFormatInfo& InfoOf(WeightFormat format) { return kFormats[static_cast<int>(format)]; }

}  // namespace turnwise
