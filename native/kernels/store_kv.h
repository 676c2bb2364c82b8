// Writing one token's K and V into a page; kernels.h gives the layouts. Padding is written too, so that
// a page needs no clearing.
#pragma once

#include <cfloat>

namespace turnwise {
namespace TURNWISE_ISA {

inline void StoreKvF32(const PageLayout& layout, uint8_t* block, int slot, const float* k, const float* v) {
  const int dim = layout.head_dim;
  float* k_out = reinterpret_cast<float*>(block + layout.k_offset) +
                 static_cast<size_t>(slot / kTileRows) * dim * kTileRows + slot % kTileRows;
  for (int d = 0; d < dim; ++d) k_out[static_cast<size_t>(d) * kTileRows] = k[d];
  float* v_out = reinterpret_cast<float*>(block + layout.v_offset) + static_cast<size_t>(slot) * layout.padded_dim;
  ForEachVector(dim, [&](int d, int count) { Store(v_out + d, LoadRun(v + d, count)); });
}

inline void StoreKvF16(const PageLayout& layout, uint8_t* block, int slot, const float* k, const float* v) {
  const int dim = layout.head_dim;
  uint16_t* k_out = reinterpret_cast<uint16_t*>(block + layout.k_offset) +
                    static_cast<size_t>(slot / kTileRows) * dim * kTileRows + slot % kTileRows;
  ForEachVector(dim, [&](int d, int count) {
    uint16_t halves[kLanes];
    StoreF16(halves, LoadRun(k + d, count));
    for (int i = 0; i < count; ++i) k_out[static_cast<size_t>(d + i) * kTileRows] = halves[i];
  });
  uint16_t* v_out =
      reinterpret_cast<uint16_t*>(block + layout.v_offset) + static_cast<size_t>(slot) * layout.padded_dim;
  ForEachVector(dim, [&](int d, int count) { StoreF16(v_out + d, LoadRun(v + d, count)); });
}

// Scale of a whole row: max|x| / 127; NaN where an element is.
inline float RowScale(const float* row, int dim) {
  F32 magnitudes = Zero();
  ForEachVector(dim, [&](int d, int count) { magnitudes = MaxMagnitude(magnitudes, Abs(LoadRun(row + d, count))); });
  return SymmetricScale(magnitudes);
}

// 16 quantised values of a row from d on, zero past its end.
inline I32 QuantizeRun(const float* row, int d, int count, float scale) {
  return QuantizeLanes(LoadRun(row + d, count), Broadcast(scale == 0.0f ? FLT_MAX : scale));
}

inline void StoreKvInt8(const PageLayout& layout, uint8_t* block, int slot, const float* k, const float* v) {
  const int dim = layout.head_dim;
  const int quads = (dim + 3) / 4;
  uint8_t bytes[kLanes];

  const float k_scale = RowScale(k, dim);
  reinterpret_cast<float*>(block + layout.k_scales_offset)[slot] = k_scale;
  uint8_t* k_out = block + layout.k_offset +
                   (static_cast<size_t>(slot / kTileRows) * quads * kTileRows + static_cast<size_t>(slot % kTileRows)) * 4;
  ForEachVector(dim, [&](int d, int count) {
    StoreLowBytes(bytes, QuantizeRun(k, d, count, k_scale) + BroadcastInt(128));
    for (int i = 0; i < count; i += 4) {
      std::memcpy(k_out + static_cast<size_t>((d + i) / 4) * kTileRows * 4, bytes + i, 4);
    }
  });

  const float v_scale = RowScale(v, dim);
  reinterpret_cast<float*>(block + layout.v_scales_offset)[slot] = v_scale;
  uint8_t* v_out =
      block + layout.v_offset + static_cast<size_t>(slot / 4) * layout.padded_dim * 4 + static_cast<size_t>(slot % 4);
  ForEachVector(dim, [&](int d, int count) {
    StoreLowBytes(bytes, QuantizeRun(v, d, count, v_scale));
    for (int i = 0; i < kLanes; ++i) v_out[static_cast<size_t>(d + i) * 4] = bytes[i];
  });
}

inline void StoreKv(const PageLayout& layout, uint8_t* block, int slot, const float* k, const float* v) {
  switch (layout.type) {
    case KvType::kF32:
      return StoreKvF32(layout, block, slot, k, v);
    case KvType::kF16:
      return StoreKvF16(layout, block, slot, k, v);
    case KvType::kInt8:
      return StoreKvInt8(layout, block, slot, k, v);
  }
}

}  // namespace TURNWISE_ISA
}  // namespace turnwise
