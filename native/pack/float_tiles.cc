// Float tensors to tiles: a transposition.
#include <cstring>

#include "tile_packers.h"

namespace turnwise {

namespace {

// out[k][r] = rows[r][k], by strips of columns short enough that the strip of the output stays in L1
// while one row after the other fills its lane.
template <class Element>
void PackTile(const uint8_t* const* rows, size_t columns, uint8_t* out) {
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

}  // namespace

void PackFloat32Tile(const uint8_t* const* rows, size_t columns, uint8_t* out) {
  PackTile<uint32_t>(rows, columns, out);
}

void PackFloat16Tile(const uint8_t* const* rows, size_t columns, uint8_t* out) {
  PackTile<uint16_t>(rows, columns, out);
}

}  // namespace turnwise
