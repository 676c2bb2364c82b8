// Checksums of a region, block by block, so that threads can share the work and a damaged file is known
// before it is used. XXH64 (seed 0) by its public specification: as fast as memory on two cores, without
// instructions that only some CPUs have. It finds damage, not forgery.
#pragma once

#include <cstddef>
#include <cstdint>

namespace turnwise {

// One task of a thread: enough to hide its hand-out. Part of the format of pack files.
constexpr size_t kSumBlockBytes = size_t{4} << 20;

uint64_t Xxh64(const uint8_t* data, size_t bytes);

constexpr size_t SumBlockCount(size_t bytes) { return (bytes + kSumBlockBytes - 1) / kSumBlockBytes; }
// Of block number `index` of `bytes` bytes at `data`; the last may be shorter.
uint64_t BlockSum(const uint8_t* data, size_t bytes, size_t index);

}  // namespace turnwise
