// The two matrix products of attention over f32 and f16 pages. Each result is a chain of fused
// multiply-adds in the order of its columns or tokens, so that it is the same whatever rows share a load.
#pragma once

namespace turnwise {
namespace TURNWISE_ISA {

// The pages' elements; one struct a type.
struct PageF32 {
  using Element = float;
  static F32 LoadVector(const float* p) { return Load(p); }
};
struct PageF16 {
  using Element = uint16_t;
  static F32 LoadVector(const uint16_t* p) { return LoadF16(p); }
};

template <class Page>
class FloatAttention {
  using Element = typename Page::Element;

 public:
  static float ScoreScale(const AttendTask& task, const AttendScratch&, int) { return task.scale * kLog2OfE; }

  // Scores of rows [row, row + kRows) and kTiles tiles of 16 tokens from tile `tile` of the block.
  template <int kRows, int kTiles, bool kAhead>
  static void Scores(const AttendTask& task, const AttendScratch& scratch, const AttendBlock& block, int row,
                     int tile) {
    const int dim = task.layout->head_dim;
    F32 sums[kRows][kTiles];
#pragma GCC unroll 8
    for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 8
      for (int i = 0; i < kTiles; ++i) sums[r][i] = Zero();
    }
    for (int d = 0; d < dim; ++d) {
      F32 keys[kTiles];
#pragma GCC unroll 8
      for (int i = 0; i < kTiles; ++i) {
        const size_t at = static_cast<size_t>(d) * kLanes;
        if constexpr (kAhead) Prefetch(reinterpret_cast<const Element*>(block.tiles[tile + i].v) + at);
        keys[i] = Page::LoadVector(reinterpret_cast<const Element*>(block.tiles[tile + i].k) + at);
      }
#pragma GCC unroll 8
      for (int r = 0; r < kRows; ++r) {
        const F32 query = Broadcast(task.queries[row + r][d]);
#pragma GCC unroll 8
        for (int i = 0; i < kTiles; ++i) sums[r][i] = Fma(keys[i], query, sums[r][i]);
      }
    }
#pragma GCC unroll 8
    for (int r = 0; r < kRows; ++r) {
      float* out = scratch.scores + r * kAttendBlockTokens + tile * kLanes;
#pragma GCC unroll 8
      for (int i = 0; i < kTiles; ++i) Store(out + i * kLanes, sums[r][i]);
    }
  }

  // Products with V are added to the output as they are: probabilities are relative to the row's maximum so far.
  static float BaseOf(float largest, float before) { return largest > before ? largest : before; }
  static float ShiftOf(const AttendScratch&, int /*place*/, int /*count*/, float /*largest*/, float base) { return base; }
  static F32 Exp2(F32 x) { return Exp2OfNegative<6>(x); }
  static void Weigh(const AttendScratch&, int /*place*/, float /*weight*/) {}

  static void PrepareQuery(const AttendTask&, const AttendScratch&, int) {}
  static void PrepareBlock(const AttendScratch&, AttendBlock*) {}

  // The probabilities of the row at a place, where its scores were.
  template <int, bool>
  class Factors {
   public:
    Factors(const AttendTask&, const AttendScratch& scratch, const AttendBlock&, int place, int /*count*/)
        : out_(scratch.scores + place * kAttendBlockTokens) {}
    void Put(int token, int run, F32 probability) const {
      Store(out_ + token, run == kLanes ? probability : KeepFirst(probability, run, Zero()));
    }
    void PutZeros(int, int) const {}

   private:
    float* out_;
  };

  // outputs += probabilities * V, row r over the first counts[r] tokens of the block and no further: what
  // lies behind may be NaN, which times a probability of zero is not zero.
  template <int kRows, bool kAhead>
  static void Values(const AttendTask& task, const AttendScratch& scratch, const AttendBlock& block, int row,
                     const int* counts, int least, int /*most*/) {
    TokenValues<kRows, kAhead>(task, scratch, block, row, 0, 0, least);
    for (int r = 0; r < kRows; ++r) {
      if (counts[r] > least) TokenValues<1, kAhead>(task, scratch, block, row + r, r, least, counts[r]);
    }
  }

 private:
  template <int kRows, bool kAhead>
  static void TokenValues(const AttendTask& task, const AttendScratch& scratch, const AttendBlock& block, int row,
                          int place, int begin, int end) {
    const int vectors = task.layout->padded_dim / kLanes;
    int vector = 0;
    for (; vector + kAttendFloatVectors <= vectors; vector += kAttendFloatVectors) {
      ValueVectors<kRows, kAttendFloatVectors, kAhead>(task, scratch, block, row, place, begin, end, vector * kLanes);
    }
    for (; vector < vectors; ++vector) {
      ValueVectors<kRows, 1, kAhead>(task, scratch, block, row, place, begin, end, vector * kLanes);
    }
  }

  template <int kRows, int kVectors, bool kAhead>
  static void ValueVectors(const AttendTask& task, const AttendScratch& scratch, const AttendBlock& block, int row,
                           int place, int begin, int end, int offset) {
    const size_t dim = static_cast<size_t>(task.layout->padded_dim);
    float* out = task.outputs + static_cast<size_t>(row) * dim + offset;
    const float* probabilities = scratch.scores + place * kAttendBlockTokens;
    F32 sums[kRows][kVectors];
#pragma GCC unroll 8
    for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 8
      for (int i = 0; i < kVectors; ++i) sums[r][i] = Load(out + r * dim + i * kLanes);
    }
    for (int token = begin; token < end; ++token) {
      const AttendTile& tile = block.tiles[token / kLanes];
      const size_t at = static_cast<size_t>(token % kLanes) * dim + static_cast<size_t>(offset);
      const Element* v = reinterpret_cast<const Element*>(tile.v) + at;
      F32 values[kVectors];
#pragma GCC unroll 8
      for (int i = 0; i < kVectors; ++i) {
        if constexpr (kAhead) Prefetch(reinterpret_cast<const Element*>(tile.next_k) + at + i * kLanes);
        values[i] = Page::LoadVector(v + i * kLanes);
      }
#pragma GCC unroll 8
      for (int r = 0; r < kRows; ++r) {
        const F32 probability = Broadcast(probabilities[r * kAttendBlockTokens + token]);
#pragma GCC unroll 8
        for (int i = 0; i < kVectors; ++i) sums[r][i] = Fma(values[i], probability, sums[r][i]);
      }
    }
#pragma GCC unroll 8
    for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 8
      for (int i = 0; i < kVectors; ++i) Store(out + r * dim + i * kLanes, sums[r][i]);
    }
  }
};

}  // namespace TURNWISE_ISA
}  // namespace turnwise
