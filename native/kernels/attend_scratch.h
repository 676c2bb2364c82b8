// How attention divides its scratch memory: what it keeps of every row of a task, and what of the few rows that it takes
// at once, which is so small that it stays in L1 beside K and V.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels.h"

namespace turnwise {

// Tokens whose scores are held at once. Larger blocks rescale the outputs less often; smaller ones keep
// K, V and scores in L1. The int8 product of probabilities and V must not overflow: see attend_int8.h.
constexpr int kAttendBlockTokens = 256;
// Rows that a level takes at once, at most.
constexpr int kMaxAttendRows = 4;
// Of one integer probability.
constexpr int kUnitBytes = 2;
// Of one integer of a query at most; a level's rows lie its own kQueryBytes apart.
constexpr size_t kMaxQueryBytes = 2;

struct AttendScratch {
  // Of the rows at once, [kMaxAttendRows][kAttendBlockTokens]: scores, then probabilities.
  float* scores;
  // int8 pages only. Probabilities as integers, kUnitBytes each, of the rows at once, and the value of one unit.
  uint8_t* units;
  float* unit_values;
  // int8 pages only. V's scales in units, [2][kAttendBlockTokens]: of a whole block, and of what one row attends of it.
  float* unit_scales;
  // int8 pages only. Queries of all rows [rows][padded_dim], their scales and 128 * sums.
  uint8_t* queries;
  float* query_scales;
  int32_t* query_corrections;
  size_t bytes;
};

// The parts in `memory`, or, where that is null, only their size in bytes. `static`, not `inline`: each
// ISA level must keep its own copy, compiled with its own flags.
static AttendScratch DivideScratch(uint8_t* memory, int32_t rows, const PageLayout& layout) {
  const bool integers = layout.type == KvType::kInt8;
  const size_t integer_rows = integers ? static_cast<size_t>(rows) : 0;
  const size_t rows_at_once = integers ? kMaxAttendRows : 0;
  const size_t dim = static_cast<size_t>(layout.padded_dim);
  size_t bytes = 0;
  const auto take = [&](size_t size) {
    uint8_t* part = memory == nullptr ? nullptr : memory + bytes;
    bytes += (size + 63) / 64 * 64;
    return part;
  };
  AttendScratch scratch;
  scratch.scores = reinterpret_cast<float*>(take(size_t{kMaxAttendRows} * kAttendBlockTokens * sizeof(float)));
  scratch.units = take(rows_at_once * kAttendBlockTokens * kUnitBytes);
  scratch.unit_values = reinterpret_cast<float*>(take(rows_at_once * sizeof(float)));
  scratch.unit_scales = reinterpret_cast<float*>(take((integers ? 2 : 0) * kAttendBlockTokens * sizeof(float)));
  scratch.queries = take(integer_rows * dim * kMaxQueryBytes);
  scratch.query_scales = reinterpret_cast<float*>(take(integer_rows * sizeof(float)));
  scratch.query_corrections = reinterpret_cast<int32_t*>(take(integer_rows * sizeof(int32_t)));
  scratch.bytes = bytes;
  return scratch;
}

}  // namespace turnwise
