// Attention of some query rows over a run of pages, with an online softmax (Milakov and Gimelshein,
// arXiv:1805.02867) over blocks of kAttendBlockTokens positions counted from the task's first one. The
// blocks of a row, and so its bits, depend on its own last position only. Rows are taken a few at a time,
// so that heads that share K and V share each load. Maxima are in powers of two: the scale of a row's scores has log2(e) in
// it, for 2^x takes fewer instructions than e^x.
#pragma once

#include <cmath>

#include "attend_block.h"
#include "attend_float.h"
#include TURNWISE_INT_ATTENTION

namespace turnwise {
namespace TURNWISE_ISA {

// The lanes of `run` scores, and behind them what is as low as can be.
inline F32 KeepScores(F32 scores, int run) { return run == kLanes ? scores : KeepFirst(scores, run, Broadcast(-INFINITY)); }

inline float LargestScore(const float* scores, int count) {
  F32 largest = Broadcast(-INFINITY);
  ForEachVector(count, [&](int i, int run) { largest = Max(largest, KeepScores(Load(scores + i), run)); });
  return Largest(largest);
}

// a * b or little above, never below what they are exactly: a multiply-add of the same and its negative is not above 0.
inline float ProductAbove(float a, float b) {
  constexpr float kLittle = 0x1p-22f;
  const float product = a * b;
  return product * (product > 0 ? 1 + kLittle : 1 - kLittle);
}

// Makes probabilities of the first `count` scores of the row at a place, 2^(score * scale - shift), and leaves what V is multiplied
// with, zeros behind it up to token `padded`. Returns the probabilities' sum in lanes. kRows rows share the asking.
template <class Pages, int kRows, bool kAhead>
inline F32 MakeProbabilities(const AttendTask& task, const AttendScratch& scratch, const AttendBlock& block, int place,
                             int count, int padded, float scale, float shift) {
  const F32 scales = Broadcast(scale);
  const F32 shifts = Broadcast(-FiniteBase(shift));
  const typename Pages::template Factors<kRows, kAhead> factors(task, scratch, block, place, count);
  const float* scores = scratch.scores + place * kAttendBlockTokens;
  F32 sum = Zero();
  ForEachVector(count, [&](int token, int run) {
    const F32 probability = Pages::Exp2(KeepScores(Fma(Load(scores + token), scales, shifts), run));
    sum = sum + probability;
    factors.Put(token, run, probability);
  });
  factors.PutZeros(count, padded);
  return sum;
}

// Folds a block's probabilities, relative to `base` and of this sum, into the row's maximum and sum, and rescales its output.
// `largest` is the block's largest score. Returns what they count for beside the row's maximum.
inline float FoldProbabilities(const AttendTask& task, int row, float largest, float base, F32 sum) {
  const float before = task.maxima[row];
  const float max = largest > before ? largest : before;
  // Equal ones need no factor, for infinities less themselves are NaN.
  const float weight = base == max ? 1.0f : Exp2One(base - max);
  if (max != before) {
    const float factor = Exp2One(before - max);
    float* output = task.outputs + static_cast<size_t>(row) * task.layout->padded_dim;
    for (int d = 0; d < task.layout->padded_dim; d += kLanes) Store(output + d, Load(output + d) * Broadcast(factor));
    task.sums[row] *= factor;
  }
  task.sums[row] += weight * Sum(sum);
  task.maxima[row] = max;
  return weight;
}

// kRows rows over one block; counts[r] is how many of its tokens row r attends, 0 if none. Row `row + r` of the task is
// at place r of the rows at once.
template <class Pages, int kRows, bool kAhead>
inline void AttendRows(const AttendTask& task, const AttendScratch& scratch, const AttendBlock& block, int row,
                       const int* counts) {
  int least = counts[0];
  int most = counts[0];
  for (int r = 1; r < kRows; ++r) {
    least = counts[r] < least ? counts[r] : least;
    most = counts[r] > most ? counts[r] : most;
  }
  const int tiles = (most + kLanes - 1) / kLanes;
  int tile = 0;
  for (; tile + kAttendTiles <= tiles; tile += kAttendTiles) {
    Pages::template Scores<kRows, kAttendTiles, kAhead>(task, scratch, block, row, tile);
  }
  for (; tile < tiles; ++tile) Pages::template Scores<kRows, 1, kAhead>(task, scratch, block, row, tile);

  static_assert(kRows <= kMaxAttendRows, "scratch has places for the rows at once");
  // Step by step for all rows, not row by row: what a step ends with takes long to come, and the next row's does not wait.
  float scores[kRows];
  float largest[kRows];
  float bases[kRows];
  F32 sums[kRows] = {};
  for (int r = 0; r < kRows; ++r) {
    scores[r] = LargestScore(scratch.scores + r * kAttendBlockTokens, counts[r]);
    largest[r] = ProductAbove(scores[r], Pages::ScoreScale(task, scratch, row + r));
    bases[r] = Pages::BaseOf(largest[r], task.maxima[row + r]);
  }
  for (int r = 0; r < kRows; ++r) {
    if (counts[r] == 0) continue;
    const float scale = Pages::ScoreScale(task, scratch, row + r);
    const float shift = Pages::ShiftOf(scratch, r, counts[r], scores[r], bases[r]);
    sums[r] = MakeProbabilities<Pages, kRows, kAhead>(task, scratch, block, r, counts[r], tiles * kLanes, scale, shift);
  }
  for (int r = 0; r < kRows; ++r) {
    if (counts[r] > 0) Pages::Weigh(scratch, r, FoldProbabilities(task, row + r, largest[r], bases[r], sums[r]));
  }
  Pages::template Values<kRows, kAhead>(task, scratch, block, row, counts, least, most);
}

// Calls AttendRows for a number of rows known only now, 1 .. kRows.
template <class Pages, int kRows>
inline void AttendRowsOf(int rows, const AttendTask& task, const AttendScratch& scratch, const AttendBlock& block,
                         int row, const int* counts) {
  if constexpr (kRows > 1) {
    if (rows < kRows) {
      AttendRowsOf<Pages, kRows - 1>(rows, task, scratch, block, row, counts);
      return;
    }
  }
  if (row == 0) {
    AttendRows<Pages, kRows, true>(task, scratch, block, row, counts);
  } else {
    AttendRows<Pages, kRows, false>(task, scratch, block, row, counts);
  }
}

template <class Pages>
inline void AttendPages(const AttendTask& task) {
  const AttendScratch scratch = DivideScratch(task.scratch, task.rows, *task.layout);
  for (int row = 0; row < task.rows; ++row) {
    float* output = task.outputs + static_cast<size_t>(row) * task.layout->padded_dim;
    for (int d = 0; d < task.layout->padded_dim; d += kLanes) Store(output + d, Zero());
    task.maxima[row] = -INFINITY;
    task.sums[row] = 0.0f;
    if (!task.same_queries) Pages::PrepareQuery(task, scratch, row);
  }
  const int total = task.page_count * task.layout->page_tokens;
  // Blocks outside and rows inside, so that K and V of a block stay in L1 or L2 for all rows.
  for (int begin = 0; begin < total; begin += kAttendBlockTokens) {
    const int tokens = total - begin < kAttendBlockTokens ? total - begin : kAttendBlockTokens;
    AttendBlock block = FindBlock(task, begin, tokens);
    Pages::PrepareBlock(scratch, &block);
    for (int row = 0; row < task.rows; row += kAttendRows) {
      const int rows = task.rows - row < kAttendRows ? task.rows - row : kAttendRows;
      int counts[kAttendRows];
      int most = 0;
      for (int r = 0; r < rows; ++r) {
        const int left = task.last_positions[row + r] - task.first_position + 1 - begin;
        counts[r] = left < 0 ? 0 : left < tokens ? left : tokens;
        most = counts[r] > most ? counts[r] : most;
      }
      if (most > 0) AttendRowsOf<Pages, kAttendRows>(rows, task, scratch, block, row, counts);
    }
  }
}

inline void Attend(const AttendTask& task) {
  switch (task.layout->type) {
    case KvType::kF32:
      return AttendPages<FloatAttention<PageF32>>(task);
    case KvType::kF16:
      return AttendPages<FloatAttention<PageF16>>(task);
    case KvType::kInt8:
      return AttendPages<Int8PageAttention>(task);
  }
}

}  // namespace TURNWISE_ISA
}  // namespace turnwise
