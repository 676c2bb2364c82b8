// A group's 32 values as 8 words of 4 bytes, word w holding columns 4w .. 4w+3: what the packers read from
// the blocks of a file and write to a row's lane of a packed group (kernels/int_values.h).
#pragma once

#include <cstdint>
#include <cstring>

#include "../kernels/weight_formats.h"

namespace turnwise {

constexpr int kGroupWords = kQuantGroup / 4;

struct QuantWords {
  uint32_t word[kGroupWords];
};

inline uint32_t WordAt(const uint8_t* bytes, int word) {
  uint32_t value;
  std::memcpy(&value, bytes + 4 * word, sizeof value);
  return value;
}

// Each byte's bits from `from` on, `width` of them, at `to`.
inline uint32_t MovedBits(uint32_t word, int from, int width, int to) {
  return (word >> from & 0x01010101u * ((1u << width) - 1)) << to;
}

// Four bits to the lowest bits of four bytes: no two of the shifted copies meet in a bit that is kept.
inline uint32_t SpreadBits(uint32_t bits) { return (bits & 15) * 0x00204081u & 0x01010101u; }

// One row's 4 bytes of the vectors that follow each other from `lane` on.
class LaneWriter {
 public:
  explicit LaneWriter(uint8_t* lane) : lane_(lane) {}

  void Put(uint32_t word) {
    std::memcpy(lane_, &word, sizeof word);
    lane_ += sizeof word * kTileRows;
  }

 private:
  uint8_t* lane_;
};

// Words v and v + 4 in the nibbles of vector v.
inline void PutNibbles(const QuantWords& quants, LaneWriter* lane) {
  for (int v = 0; v < 4; ++v) lane->Put(MovedBits(quants.word[v], 0, 4, 0) | MovedBits(quants.word[v + 4], 0, 4, 4));
}

// Words 2v and 2v + 1 in the nibbles of vector v.
inline void PutNeighbourNibbles(const QuantWords& quants, LaneWriter* lane) {
  for (int w = 0; w < kGroupWords; w += 2) {
    lane->Put(MovedBits(quants.word[w], 0, 4, 0) | MovedBits(quants.word[w + 1], 0, 4, 4));
  }
}

// Bit `from` of every word w, as bit w.
inline void PutBits(const QuantWords& quants, int from, LaneWriter* lane) {
  uint32_t plane = 0;
  for (int w = 0; w < kGroupWords; ++w) plane |= MovedBits(quants.word[w], from, 1, w);
  lane->Put(plane);
}

// Two bits of every word from `from` on, four words to a vector.
inline void PutBitPairs(const QuantWords& quants, int from, LaneWriter* lane) {
  for (int w = 0; w < kGroupWords; w += 4) {
    uint32_t plane = 0;
    for (int i = 0; i < 4; ++i) plane |= MovedBits(quants.word[w + i], from, 2, 2 * i);
    lane->Put(plane);
  }
}

}  // namespace turnwise
