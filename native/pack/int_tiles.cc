// Blocks of 32 columns, an f16 scale and then the values, to groups of 16 rows (int_formats.h).
#include <cstring>

#include "tile_packers.h"

namespace turnwise {

namespace {

constexpr size_t kScaleBytes = 2;
constexpr size_t kWord = sizeof(uint32_t);

// Blocks to groups: the scales of 16 rows, then word g of every row's values, each xor `flip`. Both types
// hold their values in the order that the kernels want; Q8_0's only turn unsigned.
template <size_t kBlockBytes>
void PackTile(const uint8_t* const* rows, size_t columns, uint32_t flip, uint8_t* out) {
  constexpr size_t kWords = (kBlockBytes - kScaleBytes) / kWord;
  for (size_t group = 0; group < columns / kQuantGroup; ++group) {
    for (size_t r = 0; r < kTileRows; ++r) {
      uint8_t* scale = out + r * kScaleBytes;
      uint8_t* lane = out + kTileRows * kScaleBytes + r * kWord;
      if (rows[r] == nullptr) {
        // A scale of zero makes the weights zero, whatever the values.
        std::memset(scale, 0, kScaleBytes);
        for (size_t g = 0; g < kWords; ++g) std::memset(lane + g * kTileRows * kWord, 0, kWord);
        continue;
      }
      const uint8_t* block = rows[r] + group * kBlockBytes;
      std::memcpy(scale, block, kScaleBytes);
      for (size_t g = 0; g < kWords; ++g) {
        uint32_t word;
        std::memcpy(&word, block + kScaleBytes + g * kWord, kWord);
        word ^= flip;
        std::memcpy(lane + g * kTileRows * kWord, &word, kWord);
      }
    }
    out += kTileRows * kBlockBytes;
  }
}

}  // namespace

void PackQ8_0Tile(const uint8_t* const* rows, size_t columns, uint8_t* out) {
  PackTile<kScaleBytes + kQuantGroup>(rows, columns, 0x80808080u, out);
}

void PackQ4_0Tile(const uint8_t* const* rows, size_t columns, uint8_t* out) {
  PackTile<kScaleBytes + kQuantGroup / 2>(rows, columns, 0, out);
}

}  // namespace turnwise
