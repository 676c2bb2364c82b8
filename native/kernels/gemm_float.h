// Matrix product of f32, f16 or bf16 weights with f32 activations: one fused multiply-add for each
// column in order, lane = row, so that blocking never shows in a result.
#pragma once

namespace turnwise {
namespace TURNWISE_ISA {

struct Float32 {
  using Element = float;
  static F32 LoadRows(const float* p) { return Load(p); }
};
struct Float16 {
  using Element = uint16_t;
  static F32 LoadRows(const uint16_t* p) { return LoadF16(p); }
};
struct BFloat16 {
  using Element = uint16_t;
  static F32 LoadRows(const uint16_t* p) { return LoadBf16(p); }
};

// kTiles x 16 rows times kTokens tokens: enough independent sums to hide the latency of one.
template <class Format, int kTiles, int kTokens>
inline void FloatBlock(const GemmTask& task, const uint8_t* tiles, int first_token, float* out) {
  using Element = typename Format::Element;
  const uint8_t* x = task.x + static_cast<size_t>(first_token) * task.x_row_bytes;
  F32 sums[kTiles][kTokens];
#pragma GCC unroll 8
  for (int i = 0; i < kTiles; ++i) {
#pragma GCC unroll 8
    for (int t = 0; t < kTokens; ++t) sums[i][t] = Zero();
  }
  const int columns = task.w->columns;
  for (int k = 0; k < columns; ++k) {
    F32 activations[kTokens];
#pragma GCC unroll 8
    for (int t = 0; t < kTokens; ++t) {
      activations[t] = Broadcast(reinterpret_cast<const float*>(x + t * task.x_row_bytes)[k]);
    }
#pragma GCC unroll 8
    for (int i = 0; i < kTiles; ++i) {
      const uint8_t* tile = tiles + i * task.w->tile_bytes;
      const F32 weights = Format::LoadRows(reinterpret_cast<const Element*>(tile) + static_cast<size_t>(k) * kTileRows);
#pragma GCC unroll 8
      for (int t = 0; t < kTokens; ++t) sums[i][t] = Fma(weights, activations[t], sums[i][t]);
    }
  }
#pragma GCC unroll 8
  for (int i = 0; i < kTiles; ++i) {
#pragma GCC unroll 8
    for (int t = 0; t < kTokens; ++t) Store(out + static_cast<size_t>(t) * task.stride + i * kTileRows, sums[i][t]);
  }
}

// Calls FloatBlock for a number of tokens known only now, 1 .. kTokens.
template <class Format, int kTiles, int kTokens>
inline void FloatBlockOf(int tokens, const GemmTask& task, const uint8_t* tiles, int first_token, float* out) {
  if constexpr (kTokens > 1) {
    if (tokens < kTokens) {
      FloatBlockOf<Format, kTiles, kTokens - 1>(tokens, task, tiles, first_token, out);
      return;
    }
  }
  FloatBlock<Format, kTiles, kTokens>(task, tiles, first_token, out);
}

template <class Format, int kTiles>
inline void FloatTiles(const GemmTask& task, int tile) {
  const uint8_t* tiles = task.w->data + static_cast<size_t>(task.tile_begin + tile) * task.w->tile_bytes;
  // Blocks of nearly equal size, 8 tokens as 4 + 4: small blocks load more weights for each product.
  const int blocks = (task.tokens + kFloatGemmTokens - 1) / kFloatGemmTokens;
  int begin = 0;
  for (int block = 0; block < blocks; ++block) {
    const int count = (task.tokens - begin) / (blocks - block);
    FloatBlockOf<Format, kTiles, kFloatGemmTokens>(count, task, tiles, begin,
                                                   task.out + begin * task.stride + tile * kTileRows);
    begin += count;
  }
}

template <class Format>
void FloatGemm(const GemmTask& task) {
  int tile = 0;
  for (; tile + kFloatGemmTiles <= task.tile_count; tile += kFloatGemmTiles) {
    FloatTiles<Format, kFloatGemmTiles>(task, tile);
  }
  for (; tile < task.tile_count; ++tile) FloatTiles<Format, 1>(task, tile);
}

}  // namespace TURNWISE_ISA
}  // namespace turnwise
