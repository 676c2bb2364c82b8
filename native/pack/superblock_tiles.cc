// Superblocks of 256 columns (ggml's block_q2_K to block_q6_K and block_iq4_xs) to groups of 32: f16 numbers
// for 256 columns, then for each group its integers, one byte a row, and its values (kernels/int_scales.h).
#include "quant_words.h"
#include "tile_packers.h"

namespace turnwise {

namespace {

constexpr int kColumns = 256;
constexpr int kGroups = kColumns / kQuantGroup;
constexpr size_t kHalfBytes = 2;

// What a type gives: kBytes of a block, kHalves f16 numbers that begin at kHalvesAt, kIntegers bytes and
// kVectors packed vectors for each group. Integer(block, group, i) and PutValues read a group's.
struct Q2K {
  static constexpr size_t kBytes = 84;
  static constexpr size_t kHalvesAt = 80;
  static constexpr int kHalves = 2;
  static constexpr int kIntegers = 2;
  static constexpr int kVectors = 2;

  static uint8_t Integer(const uint8_t* block, int group, int i) { return block[2 * group + i]; }
  static void PutValues(const uint8_t* block, int group, LaneWriter* lane) {
    PutBitPairs(LowPairs(block + 16, group), 0, lane);
  }
  // Of each 128 columns, byte i holds columns i, i + 32, i + 64 and i + 96.
  static QuantWords LowPairs(const uint8_t* bytes, int group) {
    QuantWords quants;
    for (int w = 0; w < kGroupWords; ++w) {
      quants.word[w] = MovedBits(WordAt(bytes + 32 * (group / 4), w), 2 * (group % 4), 2, 0);
    }
    return quants;
  }
};

struct Q3K {
  static constexpr size_t kBytes = 110;
  static constexpr size_t kHalvesAt = 108;
  static constexpr int kHalves = 1;
  static constexpr int kIntegers = 2;
  static constexpr int kVectors = 3;

  static uint8_t Integer(const uint8_t* block, int group, int i) {
    const int scale = 2 * group + i;
    const uint8_t* bytes = block + 96;
    const int low = bytes[scale % 8] >> (scale < 8 ? 0 : 4) & 15;
    const int high = bytes[8 + scale % 4] >> (2 * (scale / 4)) & 3;
    return static_cast<uint8_t>((low | high << 4) - 32);
  }
  static void PutValues(const uint8_t* block, int group, LaneWriter* lane) {
    QuantWords quants = Q2K::LowPairs(block + 32, group);
    for (int w = 0; w < kGroupWords; ++w) quants.word[w] |= MovedBits(WordAt(block, w), group, 1, 2);
    PutBitPairs(quants, 0, lane);
    PutBits(quants, 2, lane);
  }
};

struct Q4K {
  static constexpr size_t kBytes = 144;
  static constexpr size_t kHalvesAt = 0;
  static constexpr int kHalves = 2;
  static constexpr int kIntegers = 2;
  static constexpr int kVectors = 4;

  // A scale, then a minimum, of 6 bits.
  static uint8_t Integer(const uint8_t* block, int group, int i) {
    const uint8_t* bytes = block + 4 + 4 * i;
    if (group < 4) return bytes[group] & 63;
    const int low = block[4 + 4 + group] >> (4 * i) & 15;
    return static_cast<uint8_t>(low | bytes[group - 4] >> 6 << 4);
  }
  static void PutValues(const uint8_t* block, int group, LaneWriter* lane) {
    PutNibbles(Nibbles(block + 16, group), lane);
  }
  // Of each 64 columns, byte i holds columns i and i + 32.
  static QuantWords Nibbles(const uint8_t* bytes, int group) {
    QuantWords quants;
    for (int w = 0; w < kGroupWords; ++w) {
      quants.word[w] = MovedBits(WordAt(bytes + 32 * (group / 2), w), 4 * (group % 2), 4, 0);
    }
    return quants;
  }
};

struct Q5K : Q4K {
  static constexpr size_t kBytes = 176;
  static constexpr int kVectors = 5;

  static void PutValues(const uint8_t* block, int group, LaneWriter* lane) {
    QuantWords quants = Q4K::Nibbles(block + 48, group);
    for (int w = 0; w < kGroupWords; ++w) quants.word[w] |= MovedBits(WordAt(block + 16, w), group, 1, 4);
    PutNibbles(quants, lane);
    PutBits(quants, 4, lane);
  }
};

struct Q6K {
  static constexpr size_t kBytes = 210;
  static constexpr size_t kHalvesAt = 208;
  static constexpr int kHalves = 1;
  static constexpr int kIntegers = 2;
  static constexpr int kVectors = 6;

  static uint8_t Integer(const uint8_t* block, int group, int i) { return block[192 + 2 * group + i]; }
  // Low nibbles: of each 128 columns, byte i holds columns i and i + 64. High pairs: as Q2_K's.
  static void PutValues(const uint8_t* block, int group, LaneWriter* lane) {
    const uint8_t* low = block + 64 * (group / 4) + 32 * (group % 2);
    QuantWords quants = Q2K::LowPairs(block + 128, group);
    for (int w = 0; w < kGroupWords; ++w) {
      quants.word[w] = quants.word[w] << 4 | MovedBits(WordAt(low, w), 4 * (group % 4 / 2), 4, 0);
    }
    PutNeighbourNibbles(quants, lane);
    PutBitPairs(quants, 4, lane);
  }
};

struct Iq4Xs {
  static constexpr size_t kBytes = 136;
  static constexpr size_t kHalvesAt = 0;
  static constexpr int kHalves = 1;
  static constexpr int kIntegers = 1;
  static constexpr int kVectors = 4;

  static uint8_t Integer(const uint8_t* block, int group, int) {
    const int low = block[4 + group / 2] >> (4 * (group % 2)) & 15;
    const int high = block[2 + group / 4] >> (2 * (group % 4)) & 3;
    return static_cast<uint8_t>((low | high << 4) - 32);
  }
  // The nibbles of 32 columns are in the packed order already.
  static void PutValues(const uint8_t* block, int group, LaneWriter* lane) {
    for (int g = 0; g < 4; ++g) lane->Put(WordAt(block + 8 + 16 * group, g));
  }
};

template <class Type>
void PackRow(const uint8_t* block, size_t row, uint8_t* out) {
  constexpr size_t kGroupBytes = (Type::kIntegers + 4 * Type::kVectors) * kTileRows;
  for (size_t half = 0; half < Type::kHalves; ++half) {
    std::memcpy(out + (half * kTileRows + row) * kHalfBytes, block + Type::kHalvesAt + half * kHalfBytes, kHalfBytes);
  }
  out += Type::kHalves * kHalfBytes * kTileRows;
  for (int group = 0; group < kGroups; ++group, out += kGroupBytes) {
    for (int i = 0; i < Type::kIntegers; ++i) {
      out[static_cast<size_t>(i) * kTileRows + row] = Type::Integer(block, group, i);
    }
    LaneWriter lane(out + Type::kIntegers * kTileRows + row * 4);
    Type::PutValues(block, group, &lane);
  }
}

template <class Type>
void PackTile(const uint8_t* const* rows, size_t columns, uint8_t* out) {
  constexpr size_t kBlockBytes =
      (Type::kHalves * kHalfBytes + kGroups * (Type::kIntegers + 4 * Type::kVectors)) * kTileRows;
  // Missing rows stay zero: scales of zero make weights of zero.
  std::memset(out, 0, columns / kColumns * kBlockBytes);
  for (size_t block = 0; block < columns / kColumns; ++block) {
    for (size_t r = 0; r < kTileRows; ++r) {
      if (rows[r] != nullptr) PackRow<Type>(rows[r] + block * Type::kBytes, r, out + block * kBlockBytes);
    }
  }
}

}  // namespace

void PackQ2KTile(const uint8_t* const* rows, size_t columns, uint8_t* out) { PackTile<Q2K>(rows, columns, out); }
void PackQ3KTile(const uint8_t* const* rows, size_t columns, uint8_t* out) { PackTile<Q3K>(rows, columns, out); }
void PackQ4KTile(const uint8_t* const* rows, size_t columns, uint8_t* out) { PackTile<Q4K>(rows, columns, out); }
void PackQ5KTile(const uint8_t* const* rows, size_t columns, uint8_t* out) { PackTile<Q5K>(rows, columns, out); }
void PackQ6KTile(const uint8_t* const* rows, size_t columns, uint8_t* out) { PackTile<Q6K>(rows, columns, out); }
void PackIq4XsTile(const uint8_t* const* rows, size_t columns, uint8_t* out) { PackTile<Iq4Xs>(rows, columns, out); }

}  // namespace turnwise
