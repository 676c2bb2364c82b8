// Matrix product of integer weights with q8a activations: blocking and order of accumulation, the same for
// every format of int_formats.h.
//
// For every group of 32 columns an exact int32 dot product, then one fused multiply-add into the f32 sum
// of its output (and one more where the format has a minimum). Groups come in order for every number of
// tokens, so that blocking never shows in a result.
#pragma once

#include <utility>

#include "load_as.h"

namespace turnwise {
namespace TURNWISE_ISA {

// How far ahead of the loads the packed weights are asked for: the hardware's own prefetcher begins anew
// at every 4 KiB page, and a tile is one run of memory that continues into the next tile.
constexpr size_t kPrefetchBytes = 2048;

// A group's share of the lines of its block.
template <class Format>
inline void PrefetchGroup(const uint8_t* block, size_t group) {
  constexpr size_t kGroups = Format::kBlockColumns / kQuantGroup;
  constexpr size_t kLines = (Format::kBlockBytes / kGroups + 63) / 64;
  const uint8_t* ahead = block + kPrefetchBytes + group * kLines * 64;
#pragma GCC unroll 16
  for (size_t line = 0; line < kLines; ++line) Prefetch(ahead + line * 64);
}

// kTiles x 16 rows times kTokens tokens, over one group.
template <class Format, int kTiles, int kTokens>
class IntGroup {
  using Dot = WeightDot<Format::kLargest, Format::kZeroPoint>;

 public:
  // Adds the group's products to `sums`. rows[t] + values_at is where its activations begin, + sum_at their
  // sums, + scale_at their scale.
  static inline __attribute__((always_inline)) void Add(const Format* weights, const uint8_t* const* rows,
                                                        size_t values_at, size_t scale_at, size_t sum_at,
                                                        F32 (*sums)[kTokens]) {
    I32 dots[kTiles][kTokens];
    Products(weights, rows, values_at, sum_at, dots);
    F32 weight_scales[kTiles];
#pragma GCC unroll 4
    for (int i = 0; i < kTiles; ++i) weight_scales[i] = weights[i].Scale();
#pragma GCC unroll 16
    for (int t = 0; t < kTokens; ++t) {
      const F32 scale = Broadcast(LoadAs<float>(rows[t] + scale_at));
#pragma GCC unroll 4
      for (int i = 0; i < kTiles; ++i) sums[i][t] = Fma(ToFloat(dots[i][t]), weight_scales[i] * scale, sums[i][t]);
    }
    if constexpr (Format::kHasMinimum) AddMinima(weights, rows, scale_at, sum_at, sums);
  }

 private:
  static inline __attribute__((always_inline)) void Products(const Format* weights, const uint8_t* const* rows,
                                                             size_t values_at, size_t sum_at,
                                                             I32 (*totals)[kTokens]) {
    constexpr int kVectors = Format::kVectors / Format::kSubgroups;
#pragma GCC unroll 2
    for (int half = 0; half < Format::kSubgroups; ++half) {
      // Zero points never enter the loop: their share, zero point x sum of the activations, comes first.
      constexpr int kZero = -Format::kZeroPoint;
      const bool whole = Format::kSubgroups == 1;
      const I32 zeros = BroadcastInt(PairOf(whole || half == 0 ? kZero : 0, whole || half == 1 ? kZero : 0));
      Dot dots[kTiles][kTokens];
#pragma GCC unroll 16
      for (int t = 0; t < kTokens; ++t) {
        const I32 offset = DotPairs(BroadcastInt(LoadAs<int32_t>(rows[t] + sum_at)), zeros);
#pragma GCC unroll 4
        for (int i = 0; i < kTiles; ++i) dots[i][t].Begin(offset);
      }
#pragma GCC unroll 8
      for (int v = half * kVectors; v < (half + 1) * kVectors; ++v) {
#pragma GCC unroll 4
        for (int o = 0; o < Format::kOperands; ++o) {
          Bytes operands[kTiles];
#pragma GCC unroll 4
          for (int i = 0; i < kTiles; ++i) operands[i] = weights[i].Operand(v, o);
#pragma GCC unroll 16
          for (int t = 0; t < kTokens; ++t) {
            const FourBytes activations = BroadcastFour(rows[t] + values_at + Format::Column(v, o));
#pragma GCC unroll 4
            for (int i = 0; i < kTiles; ++i) dots[i][t].Add(operands[i], activations);
          }
        }
      }
#pragma GCC unroll 16
      for (int t = 0; t < kTokens; ++t) {
#pragma GCC unroll 4
        for (int i = 0; i < kTiles; ++i) {
          if constexpr (Format::kSubgroups == 1) {
            totals[i][t] = dots[i][t].Total();
          } else {
            const I32 scaled = MultiplyInt(dots[i][t].Total(), weights[i].SubScale(half));
            totals[i][t] = half == 0 ? scaled : totals[i][t] + scaled;
          }
        }
      }
    }
  }

  static inline __attribute__((always_inline)) void AddMinima(const Format* weights, const uint8_t* const* rows,
                                                              size_t scale_at, size_t sum_at, F32 (*sums)[kTokens]) {
#pragma GCC unroll 4
    for (int i = 0; i < kTiles; ++i) {
      const I32 pairs = weights[i].MinimumPairs();
      const F32 minimum_scale = weights[i].MinimumScale();
#pragma GCC unroll 16
      for (int t = 0; t < kTokens; ++t) {
        const F32 minimum = ToFloat(DotPairs(BroadcastInt(LoadAs<int32_t>(rows[t] + sum_at)), pairs));
        const F32 scale = Broadcast(LoadAs<float>(rows[t] + scale_at));
        sums[i][t] = Fma(minimum, minimum_scale * scale, sums[i][t]);
      }
    }
  }
};

// One group of kTiles neighbouring tiles.
template <class Format, int kTiles>
struct TileGroups {
  Format tiles[kTiles];
};
template <class Format, size_t... kTile>
inline TileGroups<Format, sizeof...(kTile)> GroupsAt(const uint8_t* block, size_t tile_bytes, int group,
                                                     std::index_sequence<kTile...>) {
  return {{Format(block + kTile * tile_bytes, group)...}};
}

// kTiles x 16 rows times kTokens tokens. On AVX-512 2 x 6 fills the registers: 12 integer and 12 float
// sums, and each activation that is broadcast serves two tiles.
template <class Format, int kTiles, int kTokens>
inline void IntBlock(const GemmTask& task, const uint8_t* tiles, int first_token, float* out) {
  const int columns = task.w->columns;
  const size_t tile_bytes = task.w->tile_bytes;
  const size_t groups = static_cast<size_t>(columns / kQuantGroup);
  // One pointer a token and offsets common to all: more pointers would not fit the registers.
  const uint8_t* rows[kTokens];
  F32 sums[kTiles][kTokens];
#pragma GCC unroll 16
  for (int t = 0; t < kTokens; ++t) {
    rows[t] = task.x + static_cast<size_t>(first_token + t) * task.x_row_bytes;
#pragma GCC unroll 4
    for (int i = 0; i < kTiles; ++i) sums[i][t] = Zero();
  }
  constexpr size_t kGroups = Format::kBlockColumns / kQuantGroup;
  for (size_t group = 0; group < groups; ++group) {
    const uint8_t* block = tiles + group / kGroups * Format::kBlockBytes;
    const size_t scale_at = static_cast<size_t>(columns) + group * sizeof(float);
#pragma GCC unroll 4
    for (int i = 0; i < kTiles; ++i) PrefetchGroup<Format>(block + i * tile_bytes, group % kGroups);
    const auto weights =
        GroupsAt<Format>(block, tile_bytes, static_cast<int>(group % kGroups), std::make_index_sequence<kTiles>());
    IntGroup<Format, kTiles, kTokens>::Add(weights.tiles, rows, group * kQuantGroup, scale_at,
                                           scale_at + groups * sizeof(float), sums);
  }
#pragma GCC unroll 16
  for (int t = 0; t < kTokens; ++t) {
#pragma GCC unroll 4
    for (int i = 0; i < kTiles; ++i) Store(out + static_cast<size_t>(t) * task.stride + i * kTileRows, sums[i][t]);
  }
}

// Calls IntBlock for a number of tokens known only now, 1 .. kTokens.
template <class Format, int kTiles, int kTokens>
inline void IntBlockOf(int tokens, const GemmTask& task, const uint8_t* tiles, int first_token, float* out) {
  if constexpr (kTokens > 1) {
    if (tokens < kTokens) {
      IntBlockOf<Format, kTiles, kTokens - 1>(tokens, task, tiles, first_token, out);
      return;
    }
  }
  IntBlock<Format, kTiles, kTokens>(task, tiles, first_token, out);
}

template <class Format, int kTiles>
inline void IntTiles(const GemmTask& task, int tile) {
  const uint8_t* tiles = task.w->data + static_cast<size_t>(task.tile_begin + tile) * task.w->tile_bytes;
  // Blocks of nearly equal size, 8 tokens as 4 + 4: small blocks spend more on unpacking.
  const int blocks = (task.tokens + kIntGemmTokens - 1) / kIntGemmTokens;
  int begin = 0;
  for (int block = 0; block < blocks; ++block) {
    const int count = (task.tokens - begin) / (blocks - block);
    IntBlockOf<Format, kTiles, kIntGemmTokens>(count, task, tiles, begin,
                                               task.out + begin * task.stride + tile * kTileRows);
    begin += count;
  }
}

// Tiles outside and tokens inside: a tile is read from memory once, and again from L1 or L2.
template <class Format>
void IntGemm(const GemmTask& task) {
  int tile = 0;
  for (; tile + kIntGemmTiles <= task.tile_count; tile += kIntGemmTiles) IntTiles<Format, kIntGemmTiles>(task, tile);
  for (; tile < task.tile_count; ++tile) IntTiles<Format, 1>(task, tile);
}

inline size_t NoIntScratch(int32_t) { return 0; }

template <class Format>
constexpr FormatKernels GemmIntKernels() {
  return {IntGemm<Format>, NoIntScratch, UnpackIntRow<Format>};
}

}  // namespace TURNWISE_ISA
}  // namespace turnwise
