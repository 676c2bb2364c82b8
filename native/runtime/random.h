// Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011): the number
// depends on (seed, position) only, so that a request draws the same tokens in any batch. The twin of
// src/graph/random.ts.
#pragma once

#include <cstdint>

namespace turnwise {

// Key (seed_low, seed_high), counter (position, 0, 0, 0); the first output word's upper 24 bits as a
// number in [0, 1).
inline double UniformAt(uint32_t seed_low, uint32_t seed_high, uint32_t position) {
  uint32_t c0 = position, c1 = 0, c2 = 0, c3 = 0;
  uint32_t k0 = seed_low, k1 = seed_high;
  for (int round = 0; round < 10; ++round) {
    const uint64_t p0 = uint64_t{0xD2511F53} * c0;
    const uint64_t p1 = uint64_t{0xCD9E8D57} * c2;
    c0 = static_cast<uint32_t>(p1 >> 32) ^ c1 ^ k0;
    c1 = static_cast<uint32_t>(p1);
    c2 = static_cast<uint32_t>(p0 >> 32) ^ c3 ^ k1;
    c3 = static_cast<uint32_t>(p0);
    k0 += 0x9E3779B9;
    k1 += 0xBB67AE85;
  }
  return static_cast<double>(c0 >> 8) / (1 << 24);
}

}  // namespace turnwise
