// One function for each way of packing a tile, and the table that says which source type uses which.
#pragma once

#include <cstddef>
#include <cstdint>

#include "../kernels/weight_formats.h"

namespace turnwise {

// Packs 16 rows of `columns` columns in kRows16x4; missing rows are null and become zero weights.
using TilePacker = void (*)(const uint8_t* const* rows, size_t columns, uint8_t* out);

// How a source type lies in the file, runs of `elements` columns in `bytes` bytes, and what it becomes.
struct SourceType {
  int ggml_type;
  const char* name;
  WeightFormat format;
  int elements;
  size_t bytes;
  TilePacker pack;
};

// Null where tensors of this type cannot be packed.
const SourceType* FindSourceType(int ggml_type);

// float_tiles.cc
void PackFloat32Tile(const uint8_t* const* rows, size_t columns, uint8_t* out);
void PackFloat16Tile(const uint8_t* const* rows, size_t columns, uint8_t* out);
// int_tiles.cc
void PackQ8_0Tile(const uint8_t* const* rows, size_t columns, uint8_t* out);
void PackQ4_0Tile(const uint8_t* const* rows, size_t columns, uint8_t* out);
// block_tiles.cc
void PackQ4_1Tile(const uint8_t* const* rows, size_t columns, uint8_t* out);
void PackQ5_0Tile(const uint8_t* const* rows, size_t columns, uint8_t* out);
void PackQ5_1Tile(const uint8_t* const* rows, size_t columns, uint8_t* out);
// superblock_tiles.cc
void PackQ2KTile(const uint8_t* const* rows, size_t columns, uint8_t* out);
void PackQ3KTile(const uint8_t* const* rows, size_t columns, uint8_t* out);
void PackQ4KTile(const uint8_t* const* rows, size_t columns, uint8_t* out);
void PackQ5KTile(const uint8_t* const* rows, size_t columns, uint8_t* out);
void PackQ6KTile(const uint8_t* const* rows, size_t columns, uint8_t* out);
void PackIq4XsTile(const uint8_t* const* rows, size_t columns, uint8_t* out);
// group_tiles.cc
void PackInt4G32ZeroTile(const uint8_t* const* rows, size_t columns, uint8_t* out);
void PackInt4G64ZeroTile(const uint8_t* const* rows, size_t columns, uint8_t* out);
void PackInt4G128ZeroTile(const uint8_t* const* rows, size_t columns, uint8_t* out);
void PackInt8G32ZeroTile(const uint8_t* const* rows, size_t columns, uint8_t* out);
void PackInt8G128ZeroTile(const uint8_t* const* rows, size_t columns, uint8_t* out);
void PackInt4G32WideTile(const uint8_t* const* rows, size_t columns, uint8_t* out);
void PackInt8G32WideTile(const uint8_t* const* rows, size_t columns, uint8_t* out);

}  // namespace turnwise
