// The two matrix products of attention over int8 pages, both in integers.
//
// Scores: each query row becomes int8 with one scale; K is int8 + 128, whose zero point KeyDot takes off.
// Values: V's scale of a token is folded into its probability, and the products of a block become 15-bit
// integers relative to their largest. The error is at most 2^-16 of the block's largest product, below
// that of V's own int8 (8-bit probabilities would add 2^-9, as much as V's rounding).
#pragma once

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

  // Scaled scores of rows [row, row + kRows) and kTiles tiles of 16 tokens from tile `tile` of the block.
  template <int kRows, int kTiles>
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
        Prefetch(block.tiles[tile + i].v + static_cast<size_t>(quad) * 64);
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
        const F32 scale = Load(block.tiles[tile + i].k_scales) * Broadcast(scratch.query_scales[row + r]);
        Store(out + i * kLanes, ToFloat(dots[r][i].Total()) * scale);
      }
    }
  }

  static F32 WithValueScales(F32 probability, const AttendTile& tile) { return probability * Load(tile.v_scales); }

  // Turns the first `count` products of the row at a place, at most `max`, into integers, with zeros up to token `padded`.
  static void PrepareProducts(const AttendScratch& scratch, int place, int count, int padded, float max) {
    const int begin = place * kAttendBlockTokens;
    const float* products = scratch.scores + begin;
    // Below this the reciprocal may not be finite, and the products add nothing that matters.
    const bool negligible = max < FLT_MIN * kMaxUnit;
    scratch.unit_values[place] = negligible ? 0.0f : max / kMaxUnit;
    const F32 factor = Broadcast(negligible ? 0.0f : kMaxUnit / max);
    uint8_t* units = scratch.units + begin * kUnitBytes;
    ForEachVector(count, [&](int token, int) {
      StoreUnits(units + token * kUnitBytes, ClampInt(ToInt(Load(products + token) * factor), 0, kMaxUnit));
    });
    for (int token = (count + kLanes - 1) / kLanes * kLanes; token < padded; token += kLanes) {
      StoreUnits(units + token * kUnitBytes, BroadcastInt(0));
    }
  }

  // outputs += products * V. Rows that attend fewer tokens have products of zero after them, which add
  // nothing to an integer sum; a row that attends none is left alone.
  template <int kRows>
  static void Values(const AttendTask& task, const AttendScratch& scratch, const AttendBlock& block, int row,
                     const int* counts, int least, int most) {
    if (least > 0) {
      TokenValues<kRows>(task, scratch, block, row, 0, most);
      return;
    }
    for (int r = 0; r < kRows; ++r) {
      if (counts[r] > 0) TokenValues<1>(task, scratch, block, row + r, r, counts[r]);
    }
  }

 private:
  template <int kRows>
  static void TokenValues(const AttendTask& task, const AttendScratch& scratch, const AttendBlock& block, int row,
                          int place, int end) {
    const int vectors = task.layout->padded_dim / kLanes;
    int vector = 0;
    for (; vector + kAttendIntVectors <= vectors; vector += kAttendIntVectors) {
      ValueVectors<kRows, kAttendIntVectors>(task, scratch, block, row, place, end, vector);
    }
    for (; vector < vectors; ++vector) ValueVectors<kRows, 1>(task, scratch, block, row, place, end, vector);
  }

  template <int kRows, int kVectors>
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
          Prefetch(next_k + i * 64);
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
