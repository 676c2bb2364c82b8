// The two products of attention over int8 pages by matrix instructions (i8mm). Scores: 2 tokens times 2 query rows
// over 8 dimensions, so that the heads of a KV head share each load of K. Values: 2 dimensions times the high and the
// low byte of a row's units over 8 tokens. Both give the sums of attend_int8.h, and the same f32 operations follow.
#pragma once

#include "../attend_int8.h"
#include "model_loop.h"

namespace turnwise {
namespace TURNWISE_ISA {

class MatrixAttention : public IntAttention {
 public:
  template <int kRows, int kTiles, bool kAhead>
  static void Scores(const AttendTask& task, const AttendScratch& scratch, const AttendBlock& block, int row,
                     int tile) {
    static_assert(kTiles == 1, "the sums of one tile fill the registers");
    if constexpr (kRows == 1) {
      IntAttention::Scores<1, 1, kAhead>(task, scratch, block, row, tile);
    } else {
      PairScores<kRows, kAhead>(task, scratch, block, row, tile);
    }
  }

  template <int kRows, bool kAhead>
  static void Values(const AttendTask& task, const AttendScratch& scratch, const AttendBlock& block, int row,
                     const int* counts, int least, int most) {
    if (least > 0) {
      MatrixValues<kRows, kAhead>(task, scratch, block, row, 0, most);
      return;
    }
    for (int r = 0; r < kRows; ++r) {
      if (counts[r] > 0) MatrixValues<1, kAhead>(task, scratch, block, row + r, r, counts[r]);
    }
  }

 private:
  // Sets of 2 tokens in a tile, and of 2 dimensions in half a vector of V.
  static constexpr int kTokenPairs = kTileRows / 2;
  static constexpr int kDimPairs = 4;

  template <int kRows, bool kAhead>
  static inline __attribute__((always_inline)) void PairScores(const AttendTask& task, const AttendScratch& scratch,
                                                               const AttendBlock& block, int row, int index) {
    if constexpr (!kAhead) TURNWISE_MODEL_LOOP("scores", "outer", kRows);
    constexpr int kPairs = (kRows + 1) / 2;
    const AttendTile& tile = block.tiles[index];
    const uint8_t* const asked = block.tiles[index / 2].v;
    const size_t dim = static_cast<size_t>(task.layout->padded_dim);
    const int quads = (task.layout->head_dim + 3) / 4;
    const int8_t* queries[kPairs][2];
    int32x4_t sums[kTokenPairs][kPairs];
#pragma GCC unroll 2
    for (int p = 0; p < kPairs; ++p) {
      // The last of an odd number is its own neighbour, and what that gives is dropped.
      const int rows[2] = {row + 2 * p, 2 * p + 1 < kRows ? row + 2 * p + 1 : row + 2 * p};
      int32_t corrections[4];
      for (int i = 0; i < 4; ++i) corrections[i] = -scratch.query_corrections[rows[i % 2]];
      for (int i = 0; i < 2; ++i) queries[p][i] = reinterpret_cast<const int8_t*>(scratch.queries) + static_cast<size_t>(rows[i]) * dim;
#pragma GCC unroll 8
      for (int t = 0; t < kTokenPairs; ++t) sums[t][p] = vld1q_s32(corrections);
    }
    for (int quad = 0; quad < quads; quad += 2) {
      if constexpr (!kAhead) TURNWISE_MODEL_LOOP("scores", "inner", kRows);
      const uint8_t* keys = tile.k + static_cast<size_t>(quad) * 64;
      if (kAhead && index % 2 == 0) {
        Prefetch(asked + static_cast<size_t>(quad) * 64);
        Prefetch(asked + static_cast<size_t>(quad) * 64 + 64);
      }
      // Behind the last quad of an odd number queries are zero, whatever K is taken for.
      const uint8_t* next = quad + 1 < quads ? keys + 64 : keys;
      int8x16_t pairs[kPairs];
#pragma GCC unroll 2
      for (int p = 0; p < kPairs; ++p) {
        pairs[p] = vcombine_s8(vld1_s8(queries[p][0] + quad * 4), vld1_s8(queries[p][1] + quad * 4));
      }
#pragma GCC unroll 4
      for (int part = 0; part < kParts; ++part) {
        const uint32x4_t a = vreinterpretq_u32_u8(vld1q_u8(keys + 16 * part));
        const uint32x4_t b = vreinterpretq_u32_u8(vld1q_u8(next + 16 * part));
        const uint8x16_t first = vreinterpretq_u8_u32(vzip1q_u32(a, b));
        const uint8x16_t second = vreinterpretq_u8_u32(vzip2q_u32(a, b));
#pragma GCC unroll 2
        for (int p = 0; p < kPairs; ++p) {
          sums[2 * part][p] = vusmmlaq_s32(sums[2 * part][p], first, pairs[p]);
          sums[2 * part + 1][p] = vusmmlaq_s32(sums[2 * part + 1][p], second, pairs[p]);
        }
      }
    }
    StoreScores<kRows>(scratch, tile, index, sums);
  }

  template <int kRows, int kPairs>
  static inline __attribute__((always_inline)) void StoreScores(const AttendScratch& scratch, const AttendTile& tile,
                                                                int index,
                                                                const int32x4_t (&sums)[kTokenPairs][kPairs]) {
    const F32 key_scales = Load(tile.k_scales);
#pragma GCC unroll 4
    for (int r = 0; r < kRows; ++r) {
      const I32 total = Parts<I32>([&](int part) {
        const int32x4_t a = sums[2 * part][r / 2], b = sums[2 * part + 1][r / 2];
        return r % 2 == 0 ? vuzp1q_s32(a, b) : vuzp2q_s32(a, b);
      });
      float* out = scratch.scores + r * kAttendBlockTokens + index * kLanes;
      Store(out, ToFloat(total) * key_scales);
    }
  }

  template <int kRows, bool kAhead>
  static void MatrixValues(const AttendTask& task, const AttendScratch& scratch, const AttendBlock& block, int row,
                           int place, int end) {
    for (int first = 0; first < task.layout->padded_dim; first += 2 * kDimPairs) {
      EightDims<kRows, kAhead>(task, scratch, block, row, place, end, first);
    }
  }

  // Dimensions first .. first + 7 of the outputs. Units are zero from `end` on to the end of its tile.
  template <int kRows, bool kAhead>
  static inline __attribute__((always_inline)) void EightDims(const AttendTask& task, const AttendScratch& scratch,
                                                              const AttendBlock& block, int row, int place, int end,
                                                              int first) {
    const size_t dim = static_cast<size_t>(task.layout->padded_dim);
    const uint8_t* units = scratch.units + place * kAttendBlockTokens * kUnitBytes;
    int32x4_t sums[kDimPairs][kRows];
#pragma GCC unroll 4
    for (int d = 0; d < kDimPairs; ++d) {
#pragma GCC unroll 4
      for (int r = 0; r < kRows; ++r) sums[d][r] = FreshZero();
    }
    for (int token = 0; token < end; token += 8) {
      if constexpr (!kAhead) TURNWISE_MODEL_LOOP("values", "outer", kRows);
      const AttendTile& tile = block.tiles[token / kLanes];
      const size_t at = static_cast<size_t>(token % kLanes) * dim + static_cast<size_t>(first) * 4;
      if constexpr (kAhead) Prefetch(tile.next_k + at);
      int8x16_t values[kDimPairs];
#pragma GCC unroll 2
      for (int part = 0; part < 2; ++part) {
        const uint32x4_t a = vreinterpretq_u32_u8(vld1q_u8(tile.v + at + 16 * part));
        const uint32x4_t b = vreinterpretq_u32_u8(vld1q_u8(tile.v + at + 16 * part + 4 * dim));
        values[2 * part] = vreinterpretq_s8_u32(vzip1q_u32(a, b));
        values[2 * part + 1] = vreinterpretq_s8_u32(vzip2q_u32(a, b));
      }
#pragma GCC unroll 4
      for (int r = 0; r < kRows; ++r) {
        const uint8_t* both = units + static_cast<size_t>(r * kAttendBlockTokens + token) * kUnitBytes;
        const int8x16_t high_low = vreinterpretq_s8_u8(vld1q_u8(both));
#pragma GCC unroll 4
        for (int d = 0; d < kDimPairs; ++d) sums[d][r] = vmmlaq_s32(sums[d][r], values[d], high_low);
      }
    }
#pragma GCC unroll 4
    for (int r = 0; r < kRows; ++r) {
      float* out = task.outputs + static_cast<size_t>(row + r) * dim + first;
      const float32x4_t unit = vdupq_n_f32(scratch.unit_values[place + r]);
#pragma GCC unroll 2
      for (int i = 0; i < 2; ++i) {
        const int32x4_t a = sums[2 * i][r], b = sums[2 * i + 1][r];
        const int32x4_t total = vaddq_s32(vshlq_n_s32(vuzp1q_s32(a, b), 8), vuzp2q_s32(a, b));
        vst1q_f32(out + 4 * i, vfmaq_f32(vld1q_f32(out + 4 * i), vcvtq_f32_s32(total), unit));
      }
    }
  }
};

using Int8PageAttention = MatrixAttention;

}  // namespace TURNWISE_ISA
}  // namespace turnwise
