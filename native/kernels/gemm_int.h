// Matrix product of integer weights with q8a activations: blocking and order of accumulation, the same for
// every format of int_formats.h.
//
// For every group of 32 columns an exact int32 dot product, then one fused multiply-add into the f32 sum
// of its output, and one more where the format has a minimum. Where groups share a scale, they are added up by the
// activations' scales alone, and the weights' scale comes once for all of them. Groups come in order for every number
// of tokens, so that blocking never shows in a result.
#pragma once

#include <utility>

#include "int_panel.h"
#include "load_as.h"

namespace turnwise {
namespace TURNWISE_ISA {

// Where what belongs to a group lies in a row of activations, in bytes.
struct GroupOffsets {
  GroupOffsets(size_t columns, size_t group)
      : values(group * kQuantGroup),
        scale(columns + group * sizeof(float)),
        sums(scale + columns / kQuantGroup * sizeof(float)),
        scaled_sum(sums + columns / kQuantGroup * sizeof(float)) {}

  size_t values;
  size_t scale;
  size_t sums;
  size_t scaled_sum;
};

// kTiles x 16 rows times kTokens tokens, over one group.
template <class Group, int kTiles, int kTokens>
class IntGroup {
  using Dot = WeightDot<Group::kLargest, Group::kZeroPoint>;

 public:
  // Adds the group's products to `sums`.
  static inline __attribute__((always_inline)) void Add(const Group* weights, const uint8_t* const* rows,
                                                        const GroupOffsets& at, F32 (*sums)[kTokens]) {
    I32 dots[kTiles][kTokens];
    if constexpr (Group::kSubgroups == 1) {
      Products(weights, rows, at, dots);
    } else {
      ScaledProducts(weights, rows, at, dots);
    }
    F32 weight_scales[kTiles];
#pragma GCC unroll 4
    for (int i = 0; i < kTiles; ++i) weight_scales[i] = weights[i].Scale();
#pragma GCC unroll 16
    for (int t = 0; t < kTokens; ++t) {
      const F32 scale = Broadcast(LoadAs<float>(rows[t] + at.scale));
#pragma GCC unroll 4
      for (int i = 0; i < kTiles; ++i) sums[i][t] = Fma(ToFloat(dots[i][t]), weight_scales[i] * scale, sums[i][t]);
    }
    if constexpr (Group::kHasMinimum && Group::kSubgroups == 1) AddMinima(weights, rows, at, sums);
    if constexpr (Group::kHasMinimum && Group::kSubgroups > 1) AddHalfMinima(weights, rows, at, sums);
  }

  // The same without the weights' scale and offset, for a format that has both: AddScaled follows for a block.
  static inline __attribute__((always_inline)) void AddUnscaled(const Group* weights, const uint8_t* const* rows,
                                                                const GroupOffsets& at, F32 (*sums)[kTokens]) {
    Dot dots[kTiles][kTokens];
#pragma GCC unroll 16
    for (int t = 0; t < kTokens; ++t) {
#pragma GCC unroll 4
      for (int i = 0; i < kTiles; ++i) dots[i][t].Begin(BroadcastInt(0));
    }
    AddOperands(weights, rows, at, 0, Group::kVectors, dots);
#pragma GCC unroll 16
    for (int t = 0; t < kTokens; ++t) {
      const F32 scale = Broadcast(LoadAs<float>(rows[t] + at.scale));
#pragma GCC unroll 4
      for (int i = 0; i < kTiles; ++i) sums[i][t] = Fma(ToFloat(dots[i][t].Total()), scale, sums[i][t]);
    }
  }

  // sums += scale * (unscaled + offset * sum of the block's activations), and unscaled is zero again. `weights` and `at` are of
  // the block's last group.
  static inline __attribute__((always_inline)) void AddScaled(const Group* weights, const uint8_t* const* rows,
                                                              const GroupOffsets& at, F32 (*unscaled)[kTokens],
                                                              F32 (*sums)[kTokens]) {
    constexpr int kGroups = Group::kBlockColumns / kQuantGroup;
    F32 block_sums[kTokens];
#pragma GCC unroll 16
    for (int t = 0; t < kTokens; ++t) {
      const uint8_t* first = rows[t] + at.scaled_sum - (kGroups - 1) * sizeof(float);
      float sum = LoadAs<float>(first);
#pragma GCC unroll 8
      for (int g = 1; g < kGroups; ++g) sum += LoadAs<float>(first + static_cast<size_t>(g) * sizeof(float));
      block_sums[t] = Broadcast(sum);
    }
#pragma GCC unroll 4
    for (int i = 0; i < kTiles; ++i) {
      const F32 scale = weights[i].Scale();
      // With the zero point, where products of unsigned values still have it in them.
      const F32 offset = weights[i].Offset() - Broadcast(static_cast<float>(Dot::kZeroLeft));
#pragma GCC unroll 16
      for (int t = 0; t < kTokens; ++t) {
        sums[i][t] = Fma(Fma(offset, block_sums[t], unscaled[i][t]), scale, sums[i][t]);
        unscaled[i][t] = Zero();
      }
    }
  }

 private:
  // Zero points never enter the loop: their share, zero point x sum of the activations, comes first.
  static inline __attribute__((always_inline)) void Products(const Group* weights, const uint8_t* const* rows,
                                                             const GroupOffsets& at, I32 (*totals)[kTokens]) {
    const I32 zeros = BroadcastInt(PairOf(-Group::kZeroPoint, -Group::kZeroPoint));
    Dot dots[kTiles][kTokens];
#pragma GCC unroll 16
    for (int t = 0; t < kTokens; ++t) {
      const I32 offset = DotPairs(BroadcastInt(LoadAs<int32_t>(rows[t] + at.sums)), zeros);
#pragma GCC unroll 4
      for (int i = 0; i < kTiles; ++i) dots[i][t].Begin(offset);
    }
    AddOperands(weights, rows, at, 0, Group::kVectors, dots);
#pragma GCC unroll 16
    for (int t = 0; t < kTokens; ++t) {
#pragma GCC unroll 4
      for (int i = 0; i < kTiles; ++i) totals[i][t] = dots[i][t].Total();
    }
  }

  // Where each half has an integer scale. The zero point's share differs from row to row and comes last.
  static inline __attribute__((always_inline)) void ScaledProducts(const Group* weights, const uint8_t* const* rows,
                                                                   const GroupOffsets& at, I32 (*totals)[kTokens]) {
    constexpr int kVectors = Group::kVectors / 2;
#pragma GCC unroll 2
    for (int half = 0; half < 2; ++half) {
      I32 scales[kTiles];
      Dot dots[kTiles][kTokens];
#pragma GCC unroll 4
      for (int i = 0; i < kTiles; ++i) scales[i] = weights[i].HalfScale(half);
#pragma GCC unroll 16
      for (int t = 0; t < kTokens; ++t) {
#pragma GCC unroll 4
        for (int i = 0; i < kTiles; ++i) dots[i][t].BeginScaled(scales[i]);
      }
      AddOperands(weights, rows, at, half * kVectors, kVectors, dots);
#pragma GCC unroll 16
      for (int t = 0; t < kTokens; ++t) {
#pragma GCC unroll 4
        for (int i = 0; i < kTiles; ++i) {
          const I32 total = dots[i][t].ScaledTotal(scales[i]);
          totals[i][t] = half == 0 ? total : totals[i][t] + total;
        }
      }
    }
    if constexpr (Group::kZeroPoint != 0) {
      I32 pairs[kTiles];
#pragma GCC unroll 4
      for (int i = 0; i < kTiles; ++i) pairs[i] = weights[i].OffsetPairs();
#pragma GCC unroll 16
      for (int t = 0; t < kTokens; ++t) {
        const I32 halves = BroadcastInt(LoadAs<int32_t>(rows[t] + at.sums));
#pragma GCC unroll 4
        for (int i = 0; i < kTiles; ++i) totals[i][t] = totals[i][t] + DotPairs(halves, pairs[i]);
      }
    }
  }

  // Of vectors first .. first + count - 1.
  static inline __attribute__((always_inline)) void AddOperands(const Group* weights, const uint8_t* const* rows,
                                                                const GroupOffsets& at, int first, int count,
                                                                Dot (*dots)[kTokens]) {
#pragma GCC unroll 8
    for (int v = first; v < first + count; ++v) {
#pragma GCC unroll 4
      for (int o = 0; o < Group::kOperands; ++o) {
        Bytes operands[kTiles];
#pragma GCC unroll 4
        for (int i = 0; i < kTiles; ++i) operands[i] = weights[i].Operand(v, o);
#pragma GCC unroll 16
        for (int t = 0; t < kTokens; ++t) {
          const FourBytes activations = BroadcastFour(rows[t] + at.values + Group::Column(v, o));
#pragma GCC unroll 4
          for (int i = 0; i < kTiles; ++i) dots[i][t].Add(operands[i], activations);
        }
      }
    }
  }

  static inline __attribute__((always_inline)) void AddMinima(const Group* weights, const uint8_t* const* rows,
                                                              const GroupOffsets& at, F32 (*sums)[kTokens]) {
#pragma GCC unroll 4
    for (int i = 0; i < kTiles; ++i) {
      const F32 minimum = weights[i].Minimum();
#pragma GCC unroll 16
      for (int t = 0; t < kTokens; ++t) {
        sums[i][t] = Fma(minimum, Broadcast(LoadAs<float>(rows[t] + at.scaled_sum)), sums[i][t]);
      }
    }
  }

  static inline __attribute__((always_inline)) void AddHalfMinima(const Group* weights, const uint8_t* const* rows,
                                                                  const GroupOffsets& at, F32 (*sums)[kTokens]) {
#pragma GCC unroll 4
    for (int i = 0; i < kTiles; ++i) {
      const I32 pairs = weights[i].MinimumPairs();
      const F32 minimum_scale = weights[i].MinimumScale();
#pragma GCC unroll 16
      for (int t = 0; t < kTokens; ++t) {
        const F32 minimum = ToFloat(DotPairs(BroadcastInt(LoadAs<int32_t>(rows[t] + at.sums)), pairs));
        const F32 scale = Broadcast(LoadAs<float>(rows[t] + at.scale));
        sums[i][t] = Fma(minimum, minimum_scale * scale, sums[i][t]);
      }
    }
  }
};

// One group of kTiles neighbouring tiles.
template <class Group, int kTiles>
struct TileGroups {
  Group tiles[kTiles];
};
template <class Source, size_t... kTile>
inline TileGroups<typename Source::Group, sizeof...(kTile)> GroupsAt(const Source& source, size_t group,
                                                                     std::index_sequence<kTile...>) {
  return {{source.At(kTile, group)...}};
}

// kTiles x 16 rows times kTokens tokens, over some groups; products of those before are in the output already. On AVX-512
// 2 x 6 fills the registers: 12 integer and 12 float sums, and each activation that is broadcast serves two tiles.
template <class Source, class ToCome, int kTiles, int kTokens>
inline void IntBlock(const GemmTask& task, const Source& source, ToCome to_come, GroupRange range, int first_token,
                     float* out) {
  using Group = typename Source::Group;
  using Products = IntGroup<Group, kTiles, kTokens>;
  const size_t columns = static_cast<size_t>(task.w->columns);
  // One pointer a token and offsets common to all: more pointers would not fit the registers.
  const uint8_t* rows[kTokens];
  F32 sums[kTiles][kTokens];
  // Of groups so far whose shared scale is still to come.
  F32 unscaled[kTiles][kTokens];
#pragma GCC unroll 16
  for (int t = 0; t < kTokens; ++t) {
    rows[t] = task.x + static_cast<size_t>(first_token + t) * task.x_row_bytes;
#pragma GCC unroll 4
    for (int i = 0; i < kTiles; ++i) {
      const float* before = out + static_cast<size_t>(t) * task.stride + i * kTileRows;
      sums[i][t] = range.first == 0 ? Zero() : Load(before);
      unscaled[i][t] = Zero();
    }
  }
  for (size_t group = range.first; group < range.end; ++group) {
#pragma GCC unroll 4
    for (int i = 0; i < kTiles; ++i) source.template Ahead<kTiles>(i, group);
    to_come.Ask();
    const auto weights = GroupsAt(source, group, std::make_index_sequence<kTiles>());
    const GroupOffsets at(columns, group);
    if constexpr (Group::kHasOffset) {
      constexpr size_t kGroups = Group::kBlockColumns / kQuantGroup;
      Products::AddUnscaled(weights.tiles, rows, at, unscaled);
      if (group % kGroups == kGroups - 1) Products::AddScaled(weights.tiles, rows, at, unscaled, sums);
    } else {
      Products::Add(weights.tiles, rows, at, sums);
    }
  }
#pragma GCC unroll 16
  for (int t = 0; t < kTokens; ++t) {
#pragma GCC unroll 4
    for (int i = 0; i < kTiles; ++i) Store(out + static_cast<size_t>(t) * task.stride + i * kTileRows, sums[i][t]);
  }
}

// Calls IntBlock for a number of tokens known only now, kLeast .. kTokens.
template <int kTiles, int kTokens, int kLeast, class Source, class ToCome>
inline void IntBlockOf(int tokens, const GemmTask& task, const Source& source, ToCome to_come, GroupRange range,
                       int first_token, float* out) {
  if constexpr (kTokens > kLeast) {
    if (tokens < kTokens) {
      IntBlockOf<kTiles, kTokens - 1, kLeast>(tokens, task, source, to_come, range, first_token, out);
      return;
    }
  }
  IntBlock<Source, ToCome, kTiles, kTokens>(task, source, to_come, range, first_token, out);
}

// kTiles tiles, from `tile` of the task on.
template <class Format, int kTiles>
class IntTiles {
  using Packed = PackedTiles<Format>;
  using Filling = FillingTiles<Format, kTiles>;
  using Panel = PanelTiles<PanelGroupOf<Format>, kTiles>;
  static constexpr size_t kPanelGroups = kIntPanelColumns / kQuantGroup;
  // Not for bytes, which need no unpacking, nor for nibbles with one scale, which gained nothing.
  static constexpr bool kIsPlain =
      Format::kLargest == 15 && Format::kSubgroups == 1 && !Format::kHasMinimum && !Format::kHasOffset;
  static constexpr bool kHasPanel =
      kPanelGroups > 0 && Format::kValueBytes < kQuantGroup * kTileRows && !kIsPlain;
  static_assert(!kHasPanel || kIntPanelColumns % Format::kBlockColumns == 0, "a panel has whole blocks");
  // Where tokens take two blocks or more, none is smaller.
  static constexpr int kLeast = (kIntGemmTokens + 1) / 2;

 public:
  static constexpr size_t kScratchBytes = kHasPanel ? kTiles * kPanelGroups * PanelGroupOf<Format>::kBytes : 0;

  static void Multiply(const GemmTask& task, int tile) {
    const size_t tile_bytes = task.w->tile_bytes;
    const Packed packed(task.w->data + static_cast<size_t>(task.tile_begin + tile) * tile_bytes, tile_bytes);
    const size_t groups = static_cast<size_t>(task.w->columns) / kQuantGroup;
    float* out = task.out + tile * kTileRows;
    if constexpr (kHasPanel) {
      if (task.tokens > kIntGemmTokens) {
        for (size_t first = 0; first < groups; first += kPanelGroups) {
          const size_t end = first + kPanelGroups < groups ? first + kPanelGroups : groups;
          MultiplyByPanel(task, packed, {first, end}, out);
        }
        return;
      }
    }
    const GroupRange all = {0, groups};
    EachBlock(task, [&](TokenPass pass, int begin, int count) {
      // Of several tiles there are several blocks.
      IntBlockOf<kTiles, kIntGemmTokens, kTiles == 1 ? 1 : kLeast>(
          count, task, packed, packed.template After<kTiles>(all, pass), all, begin, out + begin * task.stride);
    });
  }

 private:
  static void MultiplyByPanel(const GemmTask& task, const Packed& packed, GroupRange range, float* out) {
    const Panel panel(task.scratch, range.first);
    EachBlock(task, [&](TokenPass pass, int begin, int count) {
      const auto to_come = packed.template After<kTiles>(range, pass);
      float* block_out = out + begin * task.stride;
      if (begin == 0) {
        const Filling filling(packed, panel);
        IntBlockOf<kTiles, kIntGemmTokens, kLeast>(count, task, filling, to_come, range, begin, block_out);
      } else {
        IntBlockOf<kTiles, kIntGemmTokens, kLeast>(count, task, panel, to_come, range, begin, block_out);
      }
    });
  }

  // Blocks of nearly equal size, 8 tokens as 4 + 4: small blocks spend more on unpacking.
  template <class Body>
  static void EachBlock(const GemmTask& task, Body body) {
    const int blocks = (task.tokens + kIntGemmTokens - 1) / kIntGemmTokens;
    int begin = 0;
    for (int block = 0; block < blocks; ++block) {
      const int count = (task.tokens - begin) / (blocks - block);
      body(TokenPass{static_cast<size_t>(block), static_cast<size_t>(blocks)}, begin, count);
      begin += count;
    }
  }
};

// Tiles outside and tokens inside: a tile is read from memory once, and again from L1 or L2. Tokens of a single block take
// one tile after the other, for memory gives more to one run than to several side by side; those of more blocks take several
// tiles at once, which share each activation that is broadcast.
template <class Format>
void IntGemm(const GemmTask& task) {
  int tile = 0;
  if (task.tokens > kIntGemmTokens) {
    for (; tile + kIntGemmTiles <= task.tile_count; tile += kIntGemmTiles) {
      IntTiles<Format, kIntGemmTiles>::Multiply(task, tile);
    }
  }
  for (; tile < task.tile_count; ++tile) IntTiles<Format, 1>::Multiply(task, tile);
}

template <class Format>
size_t IntScratchBytes(int32_t) {
  return IntTiles<Format, kIntGemmTiles>::kScratchBytes;
}

template <class Format>
constexpr FormatKernels GemmIntKernels() {
  return {IntGemm<Format>, IntScratchBytes<Format>, UnpackIntRow<Format>};
}

}  // namespace TURNWISE_ISA
}  // namespace turnwise
