// Groups of integers with a scale and a zero point, as src/formats/group-quant/group-blocks.ts writes them. The
// packed group has the same parts, 16 rows each.
#include "quant_words.h"
#include "tile_packers.h"

namespace turnwise {

namespace {

constexpr size_t kZeroPointBytes = 1;

template <int kBits, int kColumns, size_t kScaleBytes>
void PackTile(const uint8_t* const* rows, size_t columns, uint8_t* out) {
  constexpr size_t kHeader = kScaleBytes + kZeroPointBytes;
  constexpr size_t kBlock = kHeader + kColumns * kBits / 8;
  // Missing rows stay zero: scales of zero make weights of zero.
  std::memset(out, 0, columns / kColumns * kBlock * kTileRows);
  for (size_t group = 0; group < columns / kColumns; ++group, out += kBlock * kTileRows) {
    for (size_t r = 0; r < kTileRows; ++r) {
      if (rows[r] == nullptr) continue;
      const uint8_t* block = rows[r] + group * kBlock;
      std::memcpy(out + r * kScaleBytes, block, kScaleBytes);
      out[kTileRows * kScaleBytes + r] = block[kScaleBytes];
      // Words of 4 bytes are in the order of the vectors already.
      LaneWriter lane(out + kHeader * kTileRows + r * 4);
      for (int word = 0; word < kColumns * kBits / 32; ++word) lane.Put(WordAt(block + kHeader, word));
    }
  }
}

}  // namespace

void PackInt4G32ZeroTile(const uint8_t* const* rows, size_t columns, uint8_t* out) {
  PackTile<4, 32, 2>(rows, columns, out);
}
void PackInt4G64ZeroTile(const uint8_t* const* rows, size_t columns, uint8_t* out) {
  PackTile<4, 64, 2>(rows, columns, out);
}
void PackInt4G128ZeroTile(const uint8_t* const* rows, size_t columns, uint8_t* out) {
  PackTile<4, 128, 2>(rows, columns, out);
}
void PackInt8G32ZeroTile(const uint8_t* const* rows, size_t columns, uint8_t* out) {
  PackTile<8, 32, 2>(rows, columns, out);
}
void PackInt8G128ZeroTile(const uint8_t* const* rows, size_t columns, uint8_t* out) {
  PackTile<8, 128, 2>(rows, columns, out);
}
void PackInt4G32WideTile(const uint8_t* const* rows, size_t columns, uint8_t* out) {
  PackTile<4, 32, 4>(rows, columns, out);
}
void PackInt8G32WideTile(const uint8_t* const* rows, size_t columns, uint8_t* out) {
  PackTile<8, 32, 4>(rows, columns, out);
}

}  // namespace turnwise
