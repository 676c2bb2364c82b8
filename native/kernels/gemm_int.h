// Matrix product of q8 or q4 weights with q8a activations.
//
// For every group of 32 columns an exact int32 dot product, then one fused multiply-add into the f32
// sum of its output. Groups come in order for every number of tokens, so that blocking never shows in a
// result.
#pragma once

namespace turnwise {
namespace TURNWISE_ISA {

// A format says what one packed vector of 64 bytes holds: kOperands vectors of unsigned bytes, the
// o-th of vector g belonging to the activations from column Column(g, o) of the group on.
struct PackedQ8 {
  static constexpr int kVectors = 8;
  static constexpr int kOperands = 1;
  static constexpr int kZeroPoint = 128;
  static constexpr int Column(int vector, int) { return 4 * vector; }
  static Bytes Operand(Bytes packed, int) { return packed; }
};

struct PackedQ4 {
  static constexpr int kVectors = 4;
  static constexpr int kOperands = 2;
  static constexpr int kZeroPoint = 8;
  static constexpr int Column(int vector, int operand) { return 16 * operand + 4 * vector; }
  static Bytes Operand(Bytes packed, int operand) { return operand == 0 ? LowNibbles(packed) : HighNibbles(packed); }
};

// A value from a q8a row, whose parts have no C++ type of their own.
template <class T>
inline T LoadAs(const uint8_t* p) {
  T value;
  std::memcpy(&value, p, sizeof value);
  return value;
}

template <class Format>
constexpr size_t GroupBytes() {
  return kTileRows * sizeof(uint16_t) + Format::kVectors * kTileRows * 4;
}

// How far ahead of the loads the packed weights are asked for: the hardware's own prefetcher begins anew
// at every 4 KiB page, and a tile is one run of memory that continues into the next tile.
constexpr size_t kPrefetchBytes = 2048;

// kTiles x 16 rows times kTokens tokens. 2 x 6 fills the registers: 12 integer and 12 float sums, and each
// activation that is broadcast serves two tiles.
template <class Format, int kTiles, int kTokens>
inline void IntBlock(const uint8_t* tiles, size_t tile_bytes, int columns, const uint8_t* x, size_t x_row_bytes,
                     float* strip, size_t stride) {
  const size_t groups = static_cast<size_t>(columns / kQuantGroup);
  // One pointer a token and offsets common to all: more pointers would not fit the registers.
  const uint8_t* rows[kTokens];
  F32 sums[kTiles][kTokens];
#pragma GCC unroll 16
  for (int t = 0; t < kTokens; ++t) {
    rows[t] = x + t * x_row_bytes;
#pragma GCC unroll 4
    for (int i = 0; i < kTiles; ++i) sums[i][t] = Zero();
  }

  for (size_t group = 0; group < groups; ++group) {
    const uint8_t* packed = tiles + group * GroupBytes<Format>();
    const size_t values_at = group * kQuantGroup;
    const size_t scale_at = static_cast<size_t>(columns) + group * sizeof(float);
    const size_t sum_at = scale_at + groups * sizeof(float);
#pragma GCC unroll 4
    for (int i = 0; i < kTiles; ++i) {
      const uint8_t* ahead = packed + i * tile_bytes + kPrefetchBytes;
      for (size_t line = 0; line < GroupBytes<Format>(); line += 64) Prefetch(ahead + line);
    }

    // Zero points never enter the loop: their share, zero point x sum of the activations, comes first.
    I32 dots[kTiles][kTokens];
#pragma GCC unroll 16
    for (int t = 0; t < kTokens; ++t) {
      const I32 offset = BroadcastInt(-Format::kZeroPoint * LoadAs<int32_t>(rows[t] + sum_at));
#pragma GCC unroll 4
      for (int i = 0; i < kTiles; ++i) dots[i][t] = offset;
    }
#pragma GCC unroll 8
    for (int g = 0; g < Format::kVectors; ++g) {
      Bytes bytes[kTiles];
#pragma GCC unroll 4
      for (int i = 0; i < kTiles; ++i) {
        bytes[i] = LoadBytes(packed + i * tile_bytes + kTileRows * sizeof(uint16_t) + static_cast<size_t>(g) * 64);
      }
#pragma GCC unroll 2
      for (int o = 0; o < Format::kOperands; ++o) {
        Bytes weights[kTiles];
#pragma GCC unroll 4
        for (int i = 0; i < kTiles; ++i) weights[i] = Format::Operand(bytes[i], o);
#pragma GCC unroll 16
        for (int t = 0; t < kTokens; ++t) {
          const FourBytes activations = BroadcastFour(rows[t] + values_at + Format::Column(g, o));
#pragma GCC unroll 4
          for (int i = 0; i < kTiles; ++i) dots[i][t] = DotUnsignedSigned(dots[i][t], weights[i], activations);
        }
      }
    }

    F32 weight_scales[kTiles];
#pragma GCC unroll 4
    for (int i = 0; i < kTiles; ++i) {
      weight_scales[i] = LoadF16(reinterpret_cast<const uint16_t*>(packed + i * tile_bytes));
    }
#pragma GCC unroll 16
    for (int t = 0; t < kTokens; ++t) {
      const F32 scale = Broadcast(LoadAs<float>(rows[t] + scale_at));
#pragma GCC unroll 4
      for (int i = 0; i < kTiles; ++i) sums[i][t] = Fma(ToFloat(dots[i][t]), weight_scales[i] * scale, sums[i][t]);
    }
  }

#pragma GCC unroll 16
  for (int t = 0; t < kTokens; ++t) {
#pragma GCC unroll 4
    for (int i = 0; i < kTiles; ++i) Store(strip + t * stride + i * kTileRows, sums[i][t]);
  }
}

// Calls IntBlock for a number of tokens known only now, 1 .. kTokens.
template <class Format, int kTiles, int kTokens>
inline void IntBlockOf(int tokens, const uint8_t* tiles, size_t tile_bytes, int columns, const uint8_t* x,
                       size_t x_row_bytes, float* strip, size_t stride) {
  if constexpr (kTokens > 1) {
    if (tokens < kTokens) {
      IntBlockOf<Format, kTiles, kTokens - 1>(tokens, tiles, tile_bytes, columns, x, x_row_bytes, strip, stride);
      return;
    }
  }
  IntBlock<Format, kTiles, kTokens>(tiles, tile_bytes, columns, x, x_row_bytes, strip, stride);
}

template <class Format, int kTiles>
inline void IntTiles(const uint8_t* tiles, size_t tile_bytes, int columns, const uint8_t* x, size_t x_row_bytes,
                     int tokens, float* strip, size_t stride) {
  // Blocks of nearly equal size, 8 tokens as 4 + 4: small blocks spend more on unpacking.
  const int blocks = (tokens + kIntGemmTokens - 1) / kIntGemmTokens;
  int begin = 0;
  for (int block = 0; block < blocks; ++block) {
    const int count = (tokens - begin) / (blocks - block);
    IntBlockOf<Format, kTiles, kIntGemmTokens>(count, tiles, tile_bytes, columns, x + begin * x_row_bytes, x_row_bytes,
                                               strip + begin * stride, stride);
    begin += count;
  }
}

// Tiles outside and tokens inside: a tile is read from memory once, and again from L1 or L2.
template <class Format>
void IntGemm(const PackedMatrix& w, int tile_begin, int tile_count, const uint8_t* x, size_t x_row_bytes, int tokens,
             float* strip, size_t stride) {
  const uint8_t* tiles = w.data + static_cast<size_t>(tile_begin) * w.tile_bytes;
  int i = 0;
  for (; i + kIntGemmTiles <= tile_count; i += kIntGemmTiles) {
    IntTiles<Format, kIntGemmTiles>(tiles + i * w.tile_bytes, w.tile_bytes, w.columns, x, x_row_bytes, tokens,
                                    strip + i * kTileRows, stride);
  }
  for (; i < tile_count; ++i) {
    IntTiles<Format, 1>(tiles + i * w.tile_bytes, w.tile_bytes, w.columns, x, x_row_bytes, tokens,
                        strip + i * kTileRows, stride);
  }
}

}  // namespace TURNWISE_ISA
}  // namespace turnwise
