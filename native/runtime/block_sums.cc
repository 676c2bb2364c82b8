#include "block_sums.h"

#include <algorithm>
#include <cstring>

namespace turnwise {
namespace {

constexpr uint64_t kPrime1 = 0x9E3779B185EBCA87u;
constexpr uint64_t kPrime2 = 0xC2B2AE3D27D4EB4Fu;
constexpr uint64_t kPrime3 = 0x165667B19E3779F9u;
constexpr uint64_t kPrime4 = 0x85EBCA77C2B2AE63u;
constexpr uint64_t kPrime5 = 0x27D4EB2F165667C5u;

constexpr uint64_t RotateLeft(uint64_t value, int bits) { return (value << bits) | (value >> (64 - bits)); }

template <typename Word>
uint64_t Load(const uint8_t* data) {
  Word word;
  std::memcpy(&word, data, sizeof(word));
  return word;
}

constexpr uint64_t Round(uint64_t lane, uint64_t word) { return RotateLeft(lane + word * kPrime2, 31) * kPrime1; }
constexpr uint64_t Merge(uint64_t sum, uint64_t lane) { return (sum ^ Round(0, lane)) * kPrime1 + kPrime4; }

}  // namespace

uint64_t Xxh64(const uint8_t* data, size_t bytes) {
  const uint8_t* const end = data + bytes;
  uint64_t sum = kPrime5;
  if (bytes >= 32) {
    uint64_t lanes[4] = {kPrime1 + kPrime2, kPrime2, 0, 0 - kPrime1};
    for (; end - data >= 32; data += 32) {
      for (int i = 0; i < 4; ++i) lanes[i] = Round(lanes[i], Load<uint64_t>(data + 8 * i));
    }
    sum = RotateLeft(lanes[0], 1) + RotateLeft(lanes[1], 7) + RotateLeft(lanes[2], 12) + RotateLeft(lanes[3], 18);
    for (const uint64_t lane : lanes) sum = Merge(sum, lane);
  }
  sum += bytes;
  for (; end - data >= 8; data += 8) sum = RotateLeft(sum ^ Round(0, Load<uint64_t>(data)), 27) * kPrime1 + kPrime4;
  if (end - data >= 4) {
    sum = RotateLeft(sum ^ (Load<uint32_t>(data) * kPrime1), 23) * kPrime2 + kPrime3;
    data += 4;
  }
  for (; data < end; ++data) sum = RotateLeft(sum ^ (*data * kPrime5), 11) * kPrime1;
  sum = (sum ^ (sum >> 33)) * kPrime2;
  sum = (sum ^ (sum >> 29)) * kPrime3;
  return sum ^ (sum >> 32);
}

uint64_t BlockSum(const uint8_t* data, size_t bytes, size_t index) {
  const size_t begin = index * kSumBlockBytes;
  return Xxh64(data + begin, std::min(kSumBlockBytes, bytes - begin));
}

}  // namespace turnwise
