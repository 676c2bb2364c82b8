// One row of a packed matrix as f32: the embedding lookup. Values come through the same format classes as
// the products, 16 rows at a time, of which one is kept.
#pragma once

namespace turnwise {
namespace TURNWISE_ISA {

inline const uint8_t* TileOfRow(const PackedMatrix& w, int row) {
  return w.data + static_cast<size_t>(row / kTileRows) * w.tile_bytes;
}

template <class Format>
void UnpackFloatRow(const PackedMatrix& w, int row, float* out) {
  const auto* elements = reinterpret_cast<const typename Format::Element*>(TileOfRow(w, row));
  float lanes[kLanes];
  for (int k = 0; k < w.columns; ++k) {
    Store(lanes, Format::LoadRows(elements + static_cast<size_t>(k) * kTileRows));
    out[k] = lanes[row % kTileRows];
  }
}

inline float LaneOf(F32 a, int lane) {
  float lanes[kLanes];
  Store(lanes, a);
  return lanes[lane];
}
inline int32_t LaneOf(I32 a, int lane) {
  int32_t lanes[kLanes];
  StoreInt(lanes, a);
  return lanes[lane];
}

// out[column of the group] = scale * integer (+ minimum), each rounded as the source format defines it.
template <class Format>
inline void UnpackGroup(const Format& weights, int lane, float* out) {
  constexpr int kHalf = kQuantGroup / 2;
  int32_t sub_scales[2] = {1, 1};
  if constexpr (Format::kSubgroups > 1) {
    for (int half = 0; half < 2; ++half) sub_scales[half] = LaneOf(weights.SubScale(half), lane);
  }
  const float scale = LaneOf(weights.Scale(), lane);
  int32_t offset = -Format::kZeroPoint;
  if constexpr (Format::kHasOffset) offset += static_cast<int32_t>(LaneOf(weights.Offset(), lane));
  for (int v = 0; v < Format::kVectors; ++v) {
    for (int o = 0; o < Format::kOperands; ++o) {
      uint8_t bytes[kVectorBytes];
      StoreBytes(bytes, weights.Operand(v, o));
      for (int i = 0; i < 4; ++i) {
        const int column = Format::Column(v, o) + i;
        const int32_t value = bytes[4 * lane + i] + offset;
        out[column] = scale * static_cast<float>(value * sub_scales[column / kHalf]);
      }
    }
  }
  if constexpr (Format::kHasMinimum) {
    float minima[2];
    if constexpr (Format::kSubgroups > 1) {
      const float minimum_scale = LaneOf(weights.MinimumScale(), lane);
      const uint32_t pair = static_cast<uint32_t>(LaneOf(weights.MinimumPairs(), lane));
      minima[0] = minimum_scale * static_cast<int16_t>(pair & 0xffff);
      minima[1] = minimum_scale * static_cast<int16_t>(pair >> 16);
    } else {
      minima[0] = minima[1] = LaneOf(weights.Minimum(), lane);
    }
    for (int column = 0; column < kQuantGroup; ++column) out[column] += minima[column / kHalf];
  }
}

template <class Format>
void UnpackIntRow(const PackedMatrix& w, int row, float* out) {
  constexpr int kGroups = Format::kBlockColumns / kQuantGroup;
  const uint8_t* tile = TileOfRow(w, row);
  for (int group = 0; group < w.columns / kQuantGroup; ++group) {
    const Format weights(tile + static_cast<size_t>(group / kGroups) * Format::kBlockBytes, group % kGroups);
    UnpackGroup(weights, row % kTileRows, out + group * kQuantGroup);
  }
}

}  // namespace TURNWISE_ISA
}  // namespace turnwise
