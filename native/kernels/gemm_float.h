// Matrix product of f32, f16 or bf16 weights with f32 activations: one fused multiply-add for each
// column in order, lane = row, so that blocking never shows in a result.
#pragma once

namespace turnwise {
namespace TURNWISE_ISA {

struct PackedF32 {
  using Element = float;
  static F32 LoadRows(const float* p) { return Load(p); }
};
struct PackedF16 {
  using Element = uint16_t;
  static F32 LoadRows(const uint16_t* p) { return LoadF16(p); }
};
struct PackedBf16 {
  using Element = uint16_t;
  static F32 LoadRows(const uint16_t* p) { return LoadBf16(p); }
};

// kTiles x 16 rows times kTokens tokens: enough independent sums to hide the latency of one.
template <class Format, int kTiles, int kTokens>
inline void FloatBlock(const uint8_t* tiles, size_t tile_bytes, int columns, const uint8_t* x, size_t x_row_bytes,
                       float* strip, size_t stride) {
  using Element = typename Format::Element;
  F32 sums[kTiles][kTokens];
#pragma GCC unroll 8
  for (int i = 0; i < kTiles; ++i) {
#pragma GCC unroll 8
    for (int t = 0; t < kTokens; ++t) sums[i][t] = Zero();
  }
  for (int k = 0; k < columns; ++k) {
    F32 activations[kTokens];
#pragma GCC unroll 8
    for (int t = 0; t < kTokens; ++t) {
      activations[t] = Broadcast(reinterpret_cast<const float*>(x + t * x_row_bytes)[k]);
    }
#pragma GCC unroll 8
    for (int i = 0; i < kTiles; ++i) {
      const Element* rows = reinterpret_cast<const Element*>(tiles + i * tile_bytes) + static_cast<size_t>(k) * kTileRows;
      const F32 weights = Format::LoadRows(rows);
#pragma GCC unroll 8
      for (int t = 0; t < kTokens; ++t) sums[i][t] = Fma(weights, activations[t], sums[i][t]);
    }
  }
#pragma GCC unroll 8
  for (int i = 0; i < kTiles; ++i) {
#pragma GCC unroll 8
    for (int t = 0; t < kTokens; ++t) Store(strip + t * stride + i * kTileRows, sums[i][t]);
  }
}

// Calls FloatBlock for a number of tokens known only now, 1 .. kTokens.
template <class Format, int kTiles, int kTokens>
inline void FloatBlockOf(int tokens, const uint8_t* tiles, size_t tile_bytes, int columns, const uint8_t* x,
                         size_t x_row_bytes, float* strip, size_t stride) {
  if constexpr (kTokens > 1) {
    if (tokens < kTokens) {
      FloatBlockOf<Format, kTiles, kTokens - 1>(tokens, tiles, tile_bytes, columns, x, x_row_bytes, strip, stride);
      return;
    }
  }
  FloatBlock<Format, kTiles, kTokens>(tiles, tile_bytes, columns, x, x_row_bytes, strip, stride);
}

template <class Format, int kTiles>
inline void FloatTiles(const uint8_t* tiles, size_t tile_bytes, int columns, const uint8_t* x, size_t x_row_bytes,
                       int tokens, float* strip, size_t stride) {
  // Blocks of nearly equal size, 8 tokens as 4 + 4: small blocks load more weights for each product.
  const int blocks = (tokens + kFloatGemmTokens - 1) / kFloatGemmTokens;
  int begin = 0;
  for (int block = 0; block < blocks; ++block) {
    const int count = (tokens - begin) / (blocks - block);
    FloatBlockOf<Format, kTiles, kFloatGemmTokens>(count, tiles, tile_bytes, columns, x + begin * x_row_bytes,
                                                   x_row_bytes, strip + begin * stride, stride);
    begin += count;
  }
}

template <class Format>
void FloatGemm(const PackedMatrix& w, int tile_begin, int tile_count, const uint8_t* x, size_t x_row_bytes, int tokens,
               float* strip, size_t stride) {
  const uint8_t* tiles = w.data + static_cast<size_t>(tile_begin) * w.tile_bytes;
  int i = 0;
  for (; i + kFloatGemmTiles <= tile_count; i += kFloatGemmTiles) {
    FloatTiles<Format, kFloatGemmTiles>(tiles + i * w.tile_bytes, w.tile_bytes, w.columns, x, x_row_bytes, tokens,
                                        strip + i * kTileRows, stride);
  }
  for (; i < tile_count; ++i) {
    FloatTiles<Format, 1>(tiles + i * w.tile_bytes, w.tile_bytes, w.columns, x, x_row_bytes, tokens,
                          strip + i * kTileRows, stride);
  }
}

}  // namespace TURNWISE_ISA
}  // namespace turnwise
