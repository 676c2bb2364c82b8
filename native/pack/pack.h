// From a GGUF tensor's bytes to the packed form of kernels.h, without loss of a bit of any weight.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "../program/program.h"

namespace turnwise {

// GGUF's type numbers of the tensors that can be packed.
constexpr int kGgmlF32 = 0;
constexpr int kGgmlF16 = 1;
constexpr int kGgmlQ4_0 = 2;
constexpr int kGgmlQ8_0 = 8;
constexpr int kGgmlBf16 = 30;

// Packs the tiles [tile_begin, tile_end) of a row-major tensor [rows, columns]; `out` is where tile 0 of
// the matrix goes, of TileCount(rows) * PackedTileBytes(format, columns) bytes, so that several threads
// can pack parts of one matrix. The source may have any alignment.
//
// rope_head_dim 0 keeps the order of rows. Otherwise each run of rope_head_dim rows is one head whose
// neighbours (2i, 2i + 1) become the pair (i, i + rope_head_dim / 2), as the rope kernel wants.
//
// On failure returns false, says why in `error`, and has written nothing.
bool PackMatrix(const uint8_t* source, size_t source_bytes, int ggml_type, WeightFormat format, int rows, int columns,
                int rope_head_dim, uint8_t* out, int tile_begin, int tile_end, std::string* error);

}  // namespace turnwise
