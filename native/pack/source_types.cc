#include "tile_packers.h"

namespace turnwise {

namespace {

// Numbers and block sizes as in ggml.h and ggml-common.h of ggml; the mirror of BLOCK_FORMATS in
// src/formats/quant/block-formats.ts.
constexpr SourceType kSourceTypes[] = {
    {0, "F32", WeightFormat::kF32, 1, 4, PackFloat32Tile},
    {1, "F16", WeightFormat::kF16, 1, 2, PackFloat16Tile},
    {30, "BF16", WeightFormat::kBf16, 1, 2, PackFloat16Tile},
    {8, "Q8_0", WeightFormat::kInt8G32, 32, 34, PackQ8_0Tile},
    {2, "Q4_0", WeightFormat::kInt4G32, 32, 18, PackQ4_0Tile},
};

}  // namespace

const SourceType* FindSourceType(int ggml_type) {
  for (const SourceType& type : kSourceTypes) {
    if (type.ggml_type == ggml_type) return &type;
  }
  return nullptr;
}

}  // namespace turnwise
