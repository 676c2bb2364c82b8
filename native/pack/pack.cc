#include "pack.h"

#include "tile_packers.h"

namespace turnwise {

namespace {

// The source row of a packed row.
size_t SourceRow(size_t row, size_t rope_head_dim) {
  if (rope_head_dim == 0) return row;
  const size_t head = row / rope_head_dim * rope_head_dim;
  const size_t index = row % rope_head_dim;
  const size_t half = rope_head_dim / 2;
  return head + (index < half ? 2 * index : 2 * (index - half) + 1);
}

// What is wrong, or an empty string.
std::string FindProblem(const SourceTensor& source, const PackedMatrix& matrix) {
  const SourceType* type = FindSourceType(source.ggml_type);
  if (type == nullptr) return "GGUF tensor type " + std::to_string(source.ggml_type) + " cannot be packed";
  const std::string name = type->name;
  if (type->format != matrix.format) return name + " is not stored in the wanted weight format";
  if (matrix.layout != WeightLayout::kRows16x4) return "this layout of packed weights has no packers";
  const int rows = matrix.rows;
  const int columns = matrix.columns;
  if (rows <= 0 || columns <= 0) return "a matrix has at least one row and one column";
  if (columns % type->elements != 0) {
    return name + " needs a multiple of " + std::to_string(type->elements) + " columns, not " + std::to_string(columns);
  }
  const int head = source.rope_head_dim;
  if (head < 0 || head % 2 != 0 || (head > 0 && rows % head != 0)) {
    return "heads of " + std::to_string(head) + " rows do not divide " + std::to_string(rows);
  }
  // 31 bits times 31 bits times at most 4 bytes a column: no overflow of 64 bits.
  const uint64_t needed = static_cast<uint64_t>(rows) * (static_cast<uint64_t>(columns / type->elements) * type->bytes);
  if (source.bytes < needed) {
    return "the tensor needs " + std::to_string(needed) + " bytes, the source has " + std::to_string(source.bytes);
  }
  return "";
}

}  // namespace

bool CheckPack(const SourceTensor& source, const PackedMatrix& matrix, std::string* error) {
  *error = FindProblem(source, matrix);
  return error->empty();
}

void PackTiles(const SourceTensor& source, const PackedMatrix& matrix, uint8_t* out, int tile_begin, int tile_end) {
  const SourceType& type = *FindSourceType(source.ggml_type);
  const size_t columns = static_cast<size_t>(matrix.columns);
  const size_t row_bytes = columns / static_cast<size_t>(type.elements) * type.bytes;
  for (size_t tile = static_cast<size_t>(tile_begin); tile < static_cast<size_t>(tile_end); ++tile) {
    const uint8_t* rows[kTileRows];
    for (size_t r = 0; r < kTileRows; ++r) {
      const size_t row = tile * kTileRows + r;
      rows[r] = row < static_cast<size_t>(matrix.rows)
                    ? source.data + SourceRow(row, static_cast<size_t>(source.rope_head_dim)) * row_bytes
                    : nullptr;
    }
    type.pack(rows, columns, out + tile * matrix.tile_bytes);
  }
}

}  // namespace turnwise
