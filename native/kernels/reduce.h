// Reductions over a row of logits.
#pragma once

#include <cmath>

namespace turnwise {
namespace TURNWISE_ISA {

// Index of the largest element, the lowest on a tie; NaN never wins. 0 where nothing is above -infinity.
inline int32_t Argmax(const float* x, int count) {
  const float lowest = -INFINITY;
  int32_t lane_numbers[kLanes];
  for (int i = 0; i < kLanes; ++i) lane_numbers[i] = i;
  I32 index = LoadInt(lane_numbers);
  F32 best = Broadcast(lowest);
  I32 best_index = BroadcastInt(0);
  ForEachVector(count, [&](int i, int run) {
    const F32 value = run == kLanes ? Load(x + i) : KeepFirst(LoadFirst(x + i, run), run, Broadcast(lowest));
    TakeLarger(value, index, &best, &best_index);
    index = index + BroadcastInt(kLanes);
  });
  float values[kLanes];
  int32_t indices[kLanes];
  Store(values, best);
  StoreInt(indices, best_index);
  int winner = 0;
  for (int i = 1; i < kLanes; ++i) {
    if (values[i] > values[winner] || (values[i] == values[winner] && indices[i] < indices[winner])) winner = i;
  }
  return indices[winner];
}

// log(sum(e^x)); -infinity for an empty row or one of -infinity alone. Sums of 1024 elements are f32, the
// sum of those is f64.
inline float LogSumExp(const float* x, int count) {
  const F32 lowest = Broadcast(-INFINITY);
  F32 largest = lowest;
  ForEachVector(count, [&](int i, int run) {
    // Max gives its second operand where one is NaN: NaN passes through the vector maximum to the sums.
    largest = Max(largest, KeepFirst(LoadRun(x + i, run), run, lowest));
  });
  const float max = Largest(largest);
  if (max == -INFINITY || max == INFINITY) return max;
  constexpr int kChunk = 1024;
  double total = 0.0;
  for (int begin = 0; begin < count; begin += kChunk) {
    const int chunk = count - begin < kChunk ? count - begin : kChunk;
    F32 sum = Zero();
    ForEachVector(chunk, [&](int i, int run) {
      const F32 e = Exp(LoadRun(x + begin + i, run) - Broadcast(max));
      sum = sum + KeepFirst(e, run, Zero());
    });
    total += static_cast<double>(Sum(sum));
  }
  return max + static_cast<float>(std::log(total));
}

}  // namespace TURNWISE_ISA
}  // namespace turnwise
