// The packed weight formats, one row each: the mirror of WEIGHT_FORMATS in src/base/weight-formats.ts. What
// decodes, verifies, lays out or packs weights reads these rows; what a format's bytes mean is in
// int_formats.h, its place in the kernel table in isa/kernel_set.h.
#pragma once

#include <cstddef>
#include <cstdint>

namespace turnwise {

// Columns that one scale of a q8a row stands for, and so at most one step of the f32 sum of a product.
constexpr int kQuantGroup = 32;
// Columns whose scales are equal on levels where a step of the f32 sum is dear (decision 0019).
constexpr int kWideActivationColumns = 256;
// Rows of a packed matrix that are interleaved.
constexpr int kTileRows = 16;

// Codes of the program's weight table: order is part of the ABI.
enum class WeightFormat : int32_t {
  kF32,
  kF16,
  kBf16,
  kInt8G32,
  kInt4G32,
  kInt4G32Min,
  kInt5G32,
  kInt5G32Min,
  kCode4G32,
  kInt2K16Min,
  kInt3K16,
  kInt4K32Min,
  kInt5K32Min,
  kInt6K16,
  kCode4K32,
  kInt4G32Zero,
  kInt4G64Zero,
  kInt4G128Zero,
  kInt8G32Zero,
  kInt8G128Zero,
  kInt4G32Wide,
  kInt8G32Wide,
};
constexpr int kWeightFormatCount = 22;

// What a weight is multiplied with: rows of f32, or rows of int8 with scales and sums (Q8aRow).
enum class OperandType : int32_t { kF32, kQ8a };

struct WeightFormatInfo {
  const char* name;
  // A row is a whole number of groups: `columns` is a multiple of this.
  int32_t group_columns;
  // Of one row; a tile holds 16 rows' groups.
  int32_t group_bytes;
  OperandType operand;
};

constexpr bool IsWeightFormat(int32_t code) { return code >= 0 && code < kWeightFormatCount; }
const WeightFormatInfo& InfoOf(WeightFormat format);

// How the rows of a tile are interleaved: chosen by the ISA level, the same for all its formats.
//   kRows16x4: vectors of 64 bytes, 4 bytes of each of 16 rows; integers are unsigned, the value plus the
//   format's zero point, as vpdpbusd and vpmaddubsw want them.
enum class WeightLayout : int32_t { kRows16x4 };
// As files of packed weights name it: a change of what a layout's bytes mean needs a new name.
const char* LayoutName(WeightLayout layout);

}  // namespace turnwise
