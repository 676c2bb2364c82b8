// The two matrix products of attention over int8 pages, both in integers.
//
// Scores: each query row becomes int8 with one scale; K is int8 + 128, whose zero point KeyDot takes off.
// Values: probabilities are relative to the block's largest. V's scale of a token is folded into its probability, and the
// products become 15-bit integers relative to a bound of them, the largest scale. The error is at most 2^-16 of
// that, below that of V's own int8 (8-bit probabilities would add 2^-9, as much as V's rounding).
#pragma once

#include <cfloat>
#include <cmath>

namespace turnwise {
namespace TURNWISE_ISA {

class IntAttention {
  static_assert(int64_t{kMaxUnit} * 127 * kAttendBlockTokens < INT32_MAX, "a block's sum fits 32 bits");

 public:
  static void PrepareQuery(const AttendTask& task, const AttendScratch& scratch, int row) {
    const int dim = task.layout->head_dim;
    const float scale = RowScale(task.queries[row], dim);
    I32 sum = BroadcastInt(0);
    uint8_t* out = scratch.queries + static_cast<size_t>(row) * task.layout->padded_dim * kQueryBytes;
    ForEachVector(dim, [&](int d, int count) {
      const I32 values = QuantizeRun(task.queries[row], d, count, scale);
      StoreQuery(out + d * kQueryBytes, values);
      sum = sum + values;
    });
    scratch.query_scales[row] = scale * (task.scale * kLog2OfE);
    scratch.query_corrections[row] = 128 * SumInt(sum);
  }

  // What the scores of a row are still to be multiplied with.
  static float ScoreScale(const AttendTask&, const AttendScratch& scratch, int row) { return scratch.query_scales[row]; }

  // Scores of rows [row, row + kRows) and kTiles tiles of 16 tokens from tile `tile` of the block.
  template <int kRows, int kTiles, bool kAhead>
  static void Scores(const AttendTask& task, const AttendScratch& scratch, const AttendBlock& block, int row,
                     int tile) {
    const size_t row_bytes = static_cast<size_t>(task.layout->padded_dim) * kQueryBytes;
    const int quads = (task.layout->head_dim + 3) / 4;
    const uint8_t* queries = scratch.queries + static_cast<size_t>(row) * row_bytes;
    KeyDot dots[kRows][kTiles];
#pragma GCC unroll 8
    for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 8
      for (int i = 0; i < kTiles; ++i) dots[r][i].Begin(BroadcastInt(-scratch.query_corrections[row + r]));
    }
    for (int quad = 0; quad < quads; ++quad) {
      Bytes keys[kTiles];
#pragma GCC unroll 8
      for (int i = 0; i < kTiles; ++i) {
        if (kAhead && (tile + i) % 2 == 0) Prefetch(block.tiles[(tile + i) / 2].v + static_cast<size_t>(quad) * 64);
        keys[i] = LoadBytes(block.tiles[tile + i].k + static_cast<size_t>(quad) * 64);
      }
#pragma GCC unroll 8
      for (int r = 0; r < kRows; ++r) {
        const Query query = LoadQuery(queries + r * row_bytes, quad);
#pragma GCC unroll 8
        for (int i = 0; i < kTiles; ++i) dots[r][i].Add(keys[i], query);
      }
    }
#pragma GCC unroll 8
    for (int r = 0; r < kRows; ++r) {
      float* out = scratch.scores + r * kAttendBlockTokens + tile * kLanes;
#pragma GCC unroll 8
      for (int i = 0; i < kTiles; ++i) {
        Store(out + i * kLanes, ToFloat(dots[r][i].Total()) * Load(block.tiles[tile + i].k_scales));
      }
    }
  }

  static void PrepareBlock(const AttendScratch& scratch, AttendBlock* block) {
    block->unit = ScaleUnits(*block, block->tokens, scratch.unit_scales);
  }

  // Relative to the largest of the block. It is the product or above, so that no probability is above 1: more than kMaxUnit
  // units have no 16 bits.
  static float BaseOf(float largest, float /*before*/) { return largest; }
  // The base. Beside one so large that f32 rounds it by more than little, the row's scores lose their largest first, and have a
  // base of 0.
  static float ShiftOf(const AttendScratch& scratch, int place, int count, float largest, float base) {
    constexpr float kLargeBase = 0x1p13f;
    if (!(std::fabs(base) > kLargeBase)) return base;
    float* scores = scratch.scores + place * kAttendBlockTokens;
    const F32 most = Broadcast(FiniteBase(largest));
    // Scores lie in whole vectors.
    for (int token = 0; token < count; token += kLanes) Store(scores + token, Load(scores + token) - most);
    return 0.0f;
  }
  // Within 2^-18, less than a unit's rounding.
  static F32 Exp2(F32 x) { return Exp2OfNegative<4>(x); }
  // NaN stays; what is too small for normal numbers adds nothing, and would slow the products.
  static void Weigh(const AttendScratch& scratch, int place, float weight) {
    const float value = scratch.unit_values[place] * weight;
    scratch.unit_values[place] = value < FLT_MIN ? 0.0f : value;
  }

  // The probabilities of the row at a place times V's scales, as integers. The row attends the first `count` tokens of the
  // block. Each of kRows rows asks for its share of the second half of V.
  template <int kRows, bool kAhead>
  class Factors {
   public:
    Factors(const AttendTask& task, const AttendScratch& scratch, const AttendBlock& block, int place, int count)
        : second_half_(block.tiles + (count + kLanes - 1) / kLanes / 2),
          half_tile_bytes_(static_cast<size_t>(task.layout->padded_dim) * kLanes / 2),
          first_asked_(static_cast<size_t>(place) * 64),
          units_(scratch.units + place * kAttendBlockTokens * kUnitBytes) {
      if (count == block.tokens) {
        unit_scales_ = scratch.unit_scales;
        scratch.unit_values[place] = block.unit;
      } else {
        float* own = scratch.unit_scales + kAttendBlockTokens;
        unit_scales_ = own;
        scratch.unit_values[place] = ScaleUnits(block, count, own);
      }
    }

    // NaN becomes some integer: the row's sum or its unit is NaN then, too.
    void Put(int token, int run, F32 probability) const {
      const F32 scaled = probability * Load(unit_scales_ + token);
      const F32 kept = run == kLanes ? scaled : KeepFirst(scaled, run, Zero());
      StoreUnits(units_ + token * kUnitBytes, ToInt(kept));
      if constexpr (kAhead) AskAt(token / kLanes);
    }

    // For the tokens of whole tiles from `count` on to `padded`.
    void PutZeros(int count, int padded) const {
      for (int token = (count + kLanes - 1) / kLanes * kLanes; token < padded; token += kLanes) {
        StoreUnits(units_ + token * kUnitBytes, BroadcastInt(0));
      }
    }

   private:
    // Two tiles of probabilities for one of V. Of an odd number one tile is asked for twice, and half of the last is not.
    void AskAt(int tile) const {
      const uint8_t* half = second_half_[tile / 2].v + static_cast<size_t>(tile % 2) * half_tile_bytes_;
      for (size_t byte = first_asked_; byte < half_tile_bytes_; byte += kRows * 64) Prefetch(half + byte);
    }

    const AttendTile* second_half_;
    size_t half_tile_bytes_;
    size_t first_asked_;
    uint8_t* units_;
    const float* unit_scales_;
  };

  // outputs += products * V. Rows that attend fewer tokens have products of zero after them, which add
  // nothing to an integer sum; a row that attends none is left alone.
  template <int kRows, bool kAhead>
  static void Values(const AttendTask& task, const AttendScratch& scratch, const AttendBlock& block, int row,
                     const int* counts, int least, int most) {
    if (least > 0) {
      TokenValues<kRows, kAhead>(task, scratch, block, row, 0, most);
      return;
    }
    for (int r = 0; r < kRows; ++r) {
      if (counts[r] > 0) TokenValues<1, kAhead>(task, scratch, block, row + r, r, counts[r]);
    }
  }

 private:
  // Writes how many units V's scales of the first `count` tokens are, the largest kMaxUnit; returns what a unit is worth.
  static float ScaleUnits(const AttendBlock& block, int count, float* units) {
    const float largest = LargestValueScale(block, count);
    // Below this the reciprocal may not be finite, and the products add nothing that matters.
    const bool negligible = largest < FLT_MIN * kMaxUnit;
    const F32 units_per_one = Broadcast(negligible ? 0.0f : kMaxUnit / largest);
    for (int token = 0; token < count; token += kLanes) {
      Store(units + token, Load(block.tiles[token / kLanes].v_scales) * units_per_one);
    }
    return negligible ? 0.0f : largest / kMaxUnit;
  }

  // NaN where one is: as bits it is the largest.
  static float LargestValueScale(const AttendBlock& block, int count) {
    F32 largest = Zero();
    ForEachVector(count, [&](int token, int run) {
      const F32 scales = Load(block.tiles[token / kLanes].v_scales);
      largest = MaxMagnitude(largest, run == kLanes ? scales : KeepFirst(scales, run, Zero()));
    });
    return LargestMagnitude(largest);
  }

  template <int kRows, bool kAhead>
  static void TokenValues(const AttendTask& task, const AttendScratch& scratch, const AttendBlock& block, int row,
                          int place, int end) {
    const int vectors = task.layout->padded_dim / kLanes;
    int vector = 0;
    for (; vector + kAttendIntVectors <= vectors; vector += kAttendIntVectors) {
      ValueVectors<kRows, kAttendIntVectors, kAhead>(task, scratch, block, row, place, end, vector);
    }
    for (; vector < vectors; ++vector) ValueVectors<kRows, 1, kAhead>(task, scratch, block, row, place, end, vector);
  }

  template <int kRows, int kVectors, bool kAhead>
  static void ValueVectors(const AttendTask& task, const AttendScratch& scratch, const AttendBlock& block, int row,
                           int place, int end, int vector) {
    const size_t dim = static_cast<size_t>(task.layout->padded_dim);
    const uint8_t* units = scratch.units + place * kAttendBlockTokens * kUnitBytes;
    UnitDot dots[kRows][kVectors];
#pragma GCC unroll 8
    for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 8
      for (int i = 0; i < kVectors; ++i) dots[r][i].Begin();
    }
    // Behind `end` units are zero to the end of the tile.
    const AttendTile* const last = block.tiles + (end + kLanes - 1) / kLanes;
    for (const AttendTile* tile = block.tiles; tile < last; ++tile, units += kLanes * kUnitBytes) {
      const uint8_t* v = tile->v + static_cast<size_t>(vector) * 64;
      const uint8_t* next_k = tile->next_k + static_cast<size_t>(vector) * 64;
#pragma GCC unroll 4
      for (int quad = 0; quad < kLanes / 4; ++quad, v += 4 * dim, next_k += 4 * dim) {
        Bytes values[kVectors];
#pragma GCC unroll 8
        for (int i = 0; i < kVectors; ++i) {
          if constexpr (kAhead) Prefetch(next_k + i * 64);
          values[i] = LoadBytes(v + i * 64);
        }
#pragma GCC unroll 8
        for (int r = 0; r < kRows; ++r) {
          const Units products = LoadUnits(units + r * kAttendBlockTokens * kUnitBytes, quad);
#pragma GCC unroll 8
          for (int i = 0; i < kVectors; ++i) dots[r][i].Add(products, values[i]);
        }
      }
    }
#pragma GCC unroll 8
    for (int r = 0; r < kRows; ++r) {
      float* out = task.outputs + static_cast<size_t>(row + r) * dim + static_cast<size_t>(vector) * kLanes;
      const F32 unit = Broadcast(scratch.unit_values[place + r]);
#pragma GCC unroll 8
      for (int i = 0; i < kVectors; ++i) {
        Store(out + i * kLanes, Fma(ToFloat(dots[r][i].Total()), unit, Load(out + i * kLanes)));
      }
    }
  }
};

}  // namespace TURNWISE_ISA
}  // namespace turnwise
