// From a GGUF tensor's bytes to the packed form of kernels.h, without loss of a bit of any weight.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "../kernels/kernels.h"

namespace turnwise {

// A row-major tensor [rows, columns] as a file holds it, at any alignment.
struct SourceTensor {
  const uint8_t* data;
  size_t bytes;
  // GGUF's number of the tensor's type.
  int ggml_type;
  // 0 keeps the order of rows. Otherwise each run of so many rows is one head whose neighbours (2i, 2i + 1)
  // become the pair (i, i + rope_head_dim / 2), as the rope kernel wants.
  int rope_head_dim;
};

// Whether `source` can be packed as `matrix` (whose data is not looked at); if not, says why in `error`.
bool CheckPack(const SourceTensor& source, const PackedMatrix& matrix, std::string* error);

// Packs the tiles [tile_begin, tile_end) of what CheckPack accepted; `out` is where tile 0 of the matrix
// goes, so that several threads can pack parts of one matrix. Neither fails nor allocates.
void PackTiles(const SourceTensor& source, const PackedMatrix& matrix, uint8_t* out, int tile_begin, int tile_end);

}  // namespace turnwise
