#include "pack.h"

#include <cstring>

#include "../kernels/kernels.h"

namespace turnwise {

namespace {

// How a source type lies in the file: runs of `elements` columns in `bytes` bytes.
struct SourceType {
  int ggml_type;
  const char* name;
  WeightFormat format;
  int elements;
  size_t bytes;
};

// Blocks of the quantised types: an f16 scale, then the values (ggml's block_q4_0 and block_q8_0).
constexpr size_t kScaleBytes = 2;
constexpr SourceType kSourceTypes[] = {
    {kGgmlF32, "F32", WeightFormat::kF32, 1, 4},
    {kGgmlF16, "F16", WeightFormat::kF16, 1, 2},
    {kGgmlBf16, "BF16", WeightFormat::kBf16, 1, 2},
    {kGgmlQ8_0, "Q8_0", WeightFormat::kQ8, kQuantGroup, kScaleBytes + kQuantGroup},
    {kGgmlQ4_0, "Q4_0", WeightFormat::kQ4, kQuantGroup, kScaleBytes + kQuantGroup / 2},
};

const SourceType* FindSourceType(int ggml_type) {
  for (const SourceType& type : kSourceTypes) {
    if (type.ggml_type == ggml_type) return &type;
  }
  return nullptr;
}

// The source row of a packed row.
size_t SourceRow(size_t row, size_t rope_head_dim) {
  if (rope_head_dim == 0) return row;
  const size_t head = row / rope_head_dim * rope_head_dim;
  const size_t index = row % rope_head_dim;
  const size_t half = rope_head_dim / 2;
  return head + (index < half ? 2 * index : 2 * (index - half) + 1);
}

// out[k][r] = rows[r][k], by strips of columns short enough that the strip of the output stays in L1
// while one row after the other fills its lane. Missing rows are null and become zero.
template <class Element>
void PackFloatTile(const uint8_t* const* rows, size_t columns, uint8_t* out) {
  constexpr size_t kStrip = 128;
  for (size_t begin = 0; begin < columns; begin += kStrip) {
    const size_t end = columns - begin < kStrip ? columns : begin + kStrip;
    for (size_t r = 0; r < kTileRows; ++r) {
      uint8_t* lane = out + (begin * kTileRows + r) * sizeof(Element);
      for (size_t k = begin; k < end; ++k, lane += kTileRows * sizeof(Element)) {
        Element value = 0;
        if (rows[r] != nullptr) std::memcpy(&value, rows[r] + k * sizeof(Element), sizeof value);
        std::memcpy(lane, &value, sizeof value);
      }
    }
  }
}

// Blocks to groups: the scales of 16 rows, then word g of every row's values, each xor `flip`. Both
// formats hold their values in the order that the kernels want; Q8_0's only turn unsigned.
void PackQuantTile(const uint8_t* const* rows, size_t columns, size_t block_bytes, uint32_t flip, uint8_t* out) {
  constexpr size_t kWord = sizeof(uint32_t);
  const size_t words = (block_bytes - kScaleBytes) / kWord;
  for (size_t group = 0; group < columns / kQuantGroup; ++group) {
    for (size_t r = 0; r < kTileRows; ++r) {
      uint8_t* scale = out + r * kScaleBytes;
      uint8_t* lane = out + kTileRows * kScaleBytes + r * kWord;
      if (rows[r] == nullptr) {
        // A scale of zero makes the weights zero, whatever the values.
        std::memset(scale, 0, kScaleBytes);
        for (size_t g = 0; g < words; ++g) std::memset(lane + g * kTileRows * kWord, 0, kWord);
        continue;
      }
      const uint8_t* block = rows[r] + group * block_bytes;
      std::memcpy(scale, block, kScaleBytes);
      for (size_t g = 0; g < words; ++g) {
        uint32_t word;
        std::memcpy(&word, block + kScaleBytes + g * kWord, kWord);
        word ^= flip;
        std::memcpy(lane + g * kTileRows * kWord, &word, kWord);
      }
    }
    out += kTileRows * block_bytes;
  }
}

void PackTile(const SourceType& type, const uint8_t* const* rows, size_t columns, uint8_t* out) {
  switch (type.format) {
    case WeightFormat::kF32:
      return PackFloatTile<uint32_t>(rows, columns, out);
    case WeightFormat::kF16:
    case WeightFormat::kBf16:
      return PackFloatTile<uint16_t>(rows, columns, out);
    case WeightFormat::kQ8:
      return PackQuantTile(rows, columns, type.bytes, 0x80808080u, out);
    case WeightFormat::kQ4:
      return PackQuantTile(rows, columns, type.bytes, 0, out);
  }
}

bool Fail(std::string* error, const std::string& message) {
  *error = message;
  return false;
}

bool Check(const SourceType* type, int ggml_type, size_t source_bytes, WeightFormat format, int rows, int columns,
           int rope_head_dim, int tile_begin, int tile_end, std::string* error) {
  if (type == nullptr) return Fail(error, "GGUF tensor type " + std::to_string(ggml_type) + " cannot be packed");
  const std::string name = type->name;
  if (type->format != format) return Fail(error, name + " is not stored in the wanted weight format");
  if (rows <= 0 || columns <= 0) return Fail(error, "a matrix has at least one row and one column");
  if (columns % type->elements != 0) {
    return Fail(error, name + " needs a multiple of " + std::to_string(type->elements) + " columns, not " +
                           std::to_string(columns));
  }
  if (rope_head_dim < 0 || rope_head_dim % 2 != 0 || (rope_head_dim > 0 && rows % rope_head_dim != 0)) {
    return Fail(error, "heads of " + std::to_string(rope_head_dim) + " rows do not divide " + std::to_string(rows));
  }
  // 31 bits times 31 bits times at most 34 bytes per 32 columns or 4 a column: no overflow of 64 bits.
  const uint64_t needed = static_cast<uint64_t>(rows) * (static_cast<uint64_t>(columns / type->elements) * type->bytes);
  if (source_bytes < needed) {
    return Fail(error, "the tensor needs " + std::to_string(needed) + " bytes, the source has " +
                           std::to_string(source_bytes));
  }
  if (tile_begin < 0 || tile_end < tile_begin || tile_end > (rows - 1) / kTileRows + 1) {
    return Fail(error, "the range of tiles lies outside the matrix");
  }
  return true;
}

}  // namespace

bool PackMatrix(const uint8_t* source, size_t source_bytes, int ggml_type, WeightFormat format, int rows, int columns,
                int rope_head_dim, uint8_t* out, int tile_begin, int tile_end, std::string* error) {
  const SourceType* type = FindSourceType(ggml_type);
  if (!Check(type, ggml_type, source_bytes, format, rows, columns, rope_head_dim, tile_begin, tile_end, error)) {
    return false;
  }
  const size_t row_bytes = static_cast<size_t>(columns / type->elements) * type->bytes;
  const size_t tile_bytes = PackedTileBytes(format, columns);
  for (size_t tile = static_cast<size_t>(tile_begin); tile < static_cast<size_t>(tile_end); ++tile) {
    const uint8_t* lanes[kTileRows];
    for (size_t r = 0; r < kTileRows; ++r) {
      const size_t row = tile * kTileRows + r;
      lanes[r] = row < static_cast<size_t>(rows)
                     ? source + SourceRow(row, static_cast<size_t>(rope_head_dim)) * row_bytes
                     : nullptr;
    }
    PackTile(*type, lanes, static_cast<size_t>(columns), out + tile * tile_bytes);
  }
  return true;
}

}  // namespace turnwise
