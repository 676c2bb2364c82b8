// How attention divides its scratch memory. All parts have a fixed number of bytes a row.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels.h"

namespace turnwise {

// Tokens whose scores are held at once. Larger blocks rescale the outputs less often; smaller ones keep
// K, V and scores in L1. The int8 product of probabilities and V must not overflow: see attend_int8.h.
constexpr int kAttendBlockTokens = 256;
// Of one integer probability.
constexpr int kUnitBytes = 2;
// Of one integer of a query at most; a level's rows lie its own kQueryBytes apart.
constexpr size_t kMaxQueryBytes = 2;

struct AttendScratch {
  // [rows][kAttendBlockTokens]: scores, then probabilities.
  float* scores;
  // int8 pages only. Queries [rows][padded_dim], their scales and 128 * sums.
  uint8_t* queries;
  float* query_scales;
  int32_t* query_corrections;
  // int8 pages only. Probabilities as integers, kUnitBytes each, [rows][kAttendBlockTokens], and the value of
  // one unit.
  uint8_t* units;
  float* unit_values;
  size_t bytes;
};

// The parts in `memory`, or, where that is null, only their size in bytes. `static`, not `inline`: each
// ISA level must keep its own copy, compiled with its own flags.
static AttendScratch DivideScratch(uint8_t* memory, int32_t rows, const PageLayout& layout) {
  const size_t count = static_cast<size_t>(rows);
  const size_t integer_rows = layout.type == KvType::kInt8 ? count : 0;
  const size_t dim = static_cast<size_t>(layout.padded_dim);
  size_t bytes = 0;
  const auto take = [&](size_t size) {
    uint8_t* part = memory == nullptr ? nullptr : memory + bytes;
    bytes += (size + 63) / 64 * 64;
    return part;
  };
  AttendScratch scratch;
  scratch.scores = reinterpret_cast<float*>(take(count * kAttendBlockTokens * sizeof(float)));
  scratch.queries = take(integer_rows * dim * kMaxQueryBytes);
  scratch.query_scales = reinterpret_cast<float*>(take(integer_rows * sizeof(float)));
  scratch.query_corrections = reinterpret_cast<int32_t*>(take(integer_rows * sizeof(int32_t)));
  scratch.units = take(integer_rows * kAttendBlockTokens * kUnitBytes);
  scratch.unit_values = reinterpret_cast<float*>(take(integer_rows * sizeof(float)));
  scratch.bytes = bytes;
  return scratch;
}

}  // namespace turnwise
