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
    {3, "Q4_1", WeightFormat::kInt4G32Min, 32, 20, PackQ4_1Tile},
    {6, "Q5_0", WeightFormat::kInt5G32, 32, 22, PackQ5_0Tile},
    {7, "Q5_1", WeightFormat::kInt5G32Min, 32, 24, PackQ5_1Tile},
    // As Q4_0, up to what its nibbles mean.
    {20, "IQ4_NL", WeightFormat::kCode4G32, 32, 18, PackQ4_0Tile},
    {10, "Q2_K", WeightFormat::kInt2K16Min, 256, 84, PackQ2KTile},
    {11, "Q3_K", WeightFormat::kInt3K16, 256, 110, PackQ3KTile},
    {12, "Q4_K", WeightFormat::kInt4K32Min, 256, 144, PackQ4KTile},
    {13, "Q5_K", WeightFormat::kInt5K32Min, 256, 176, PackQ5KTile},
    {14, "Q6_K", WeightFormat::kInt6K16, 256, 210, PackQ6KTile},
    {23, "IQ4_XS", WeightFormat::kCode4K32, 256, 136, PackIq4XsTile},
    // Not ggml's: the group formats of src/formats/group-quant/group-blocks.ts.
    {1000, "int4_g32_zero", WeightFormat::kInt4G32Zero, 32, 19, PackInt4G32ZeroTile},
    {1001, "int4_g64_zero", WeightFormat::kInt4G64Zero, 64, 35, PackInt4G64ZeroTile},
    {1002, "int4_g128_zero", WeightFormat::kInt4G128Zero, 128, 67, PackInt4G128ZeroTile},
    {1003, "int8_g32_zero", WeightFormat::kInt8G32Zero, 32, 35, PackInt8G32ZeroTile},
    {1004, "int8_g128_zero", WeightFormat::kInt8G128Zero, 128, 131, PackInt8G128ZeroTile},
    {1005, "int4_g32_wide", WeightFormat::kInt4G32Wide, 32, 21, PackInt4G32WideTile},
    {1006, "int8_g32_wide", WeightFormat::kInt8G32Wide, 32, 37, PackInt8G32WideTile},
};

}  // namespace

const SourceType* FindSourceType(int ggml_type) {
  for (const SourceType& type : kSourceTypes) {
    if (type.ggml_type == ggml_type) return &type;
  }
  return nullptr;
}

}  // namespace turnwise
