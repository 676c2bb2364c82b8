// Blocks of 32 columns other than Q8_0's and Q4_0's: f16 numbers, then quants.
#include "quant_words.h"
#include "tile_packers.h"

namespace turnwise {

namespace {

constexpr size_t kHalfBytes = 2;

// GGML's order of nibbles: byte i holds columns i and 16 + i.
QuantWords ReadNibbles(const uint8_t* nibbles) {
  QuantWords quants;
  for (int g = 0; g < 4; ++g) {
    quants.word[g] = MovedBits(WordAt(nibbles, g), 0, 4, 0);
    quants.word[4 + g] = MovedBits(WordAt(nibbles, g), 4, 4, 0);
  }
  return quants;
}

// `bits`: bit k is the fifth of column k.
void AddFifthBits(uint32_t bits, QuantWords* quants) {
  for (int w = 0; w < kGroupWords; ++w) quants->word[w] |= SpreadBits(bits >> (4 * w)) << 4;
}

// kHalves f16 numbers, then, where kFifthBits, 4 bytes of them, then nibbles. The packed group is the same
// with the fifth bits last.
template <int kHalves, bool kFifthBits>
void PackTile(const uint8_t* const* rows, size_t columns, uint8_t* out) {
  constexpr size_t kHeader = kHalves * kHalfBytes;
  constexpr size_t kBlock = kHeader + (kFifthBits ? 4 : 0) + kQuantGroup / 2;
  // Missing rows stay zero: scales of zero make weights of zero.
  std::memset(out, 0, columns / kQuantGroup * kBlock * kTileRows);
  for (size_t group = 0; group < columns / kQuantGroup; ++group, out += kBlock * kTileRows) {
    for (size_t r = 0; r < kTileRows; ++r) {
      if (rows[r] == nullptr) continue;
      const uint8_t* block = rows[r] + group * kBlock;
      for (size_t half = 0; half < kHalves; ++half) {
        std::memcpy(out + (half * kTileRows + r) * kHalfBytes, block + half * kHalfBytes, kHalfBytes);
      }
      QuantWords quants = ReadNibbles(block + kHeader + (kFifthBits ? 4 : 0));
      if (kFifthBits) AddFifthBits(WordAt(block + kHeader, 0), &quants);
      LaneWriter lane(out + kHeader * kTileRows + r * 4);
      PutNibbles(quants, &lane);
      if (kFifthBits) PutBits(quants, 4, &lane);
    }
  }
}

}  // namespace

void PackQ4_1Tile(const uint8_t* const* rows, size_t columns, uint8_t* out) { PackTile<2, false>(rows, columns, out); }
void PackQ5_0Tile(const uint8_t* const* rows, size_t columns, uint8_t* out) { PackTile<1, true>(rows, columns, out); }
void PackQ5_1Tile(const uint8_t* const* rows, size_t columns, uint8_t* out) { PackTile<2, true>(rows, columns, out); }

}  // namespace turnwise
