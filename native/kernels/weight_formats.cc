#include "weight_formats.h"

#include <iterator>

namespace turnwise {

namespace {

constexpr int kScaleBytes = 2;  // f16

// In the order of WeightFormat.
constexpr WeightFormatInfo kFormats[] = {
    {"f32", 1, 4, OperandType::kF32},
    {"f16", 1, 2, OperandType::kF32},
    {"bf16", 1, 2, OperandType::kF32},
    {"int8_g32", 32, kScaleBytes + 32, OperandType::kQ8a},
    {"int4_g32", 32, kScaleBytes + 16, OperandType::kQ8a},
};
static_assert(std::size(kFormats) == kWeightFormatCount);

}  // namespace

const WeightFormatInfo& InfoOf(WeightFormat format) { return kFormats[static_cast<int>(format)]; }

}  // namespace turnwise
