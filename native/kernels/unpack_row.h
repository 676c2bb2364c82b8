// One row of a packed matrix as f32: the embedding lookup.
#pragma once

namespace turnwise {
namespace TURNWISE_ISA {

inline void UnpackRow(const PackedMatrix& w, int row, float* out) {
  const uint8_t* tile = w.data + static_cast<size_t>(row / kTileRows) * w.tile_bytes;
  const size_t lane = static_cast<size_t>(row % kTileRows);
  const size_t columns = static_cast<size_t>(w.columns);
  const float* floats = reinterpret_cast<const float*>(tile);
  const uint16_t* halves = reinterpret_cast<const uint16_t*>(tile);
  switch (w.format) {
    case WeightFormat::kF32:
      for (size_t k = 0; k < columns; ++k) out[k] = floats[k * kTileRows + lane];
      return;
    case WeightFormat::kF16:
      for (size_t k = 0; k < columns; ++k) out[k] = F16ToF32(halves[k * kTileRows + lane]);
      return;
    case WeightFormat::kBf16:
      for (size_t k = 0; k < columns; ++k) out[k] = Bf16ToF32(halves[k * kTileRows + lane]);
      return;
    case WeightFormat::kQ8:
      for (size_t group = 0; group < columns / kQuantGroup; ++group) {
        const uint8_t* packed = tile + group * GroupBytes<PackedQ8>();
        const float scale = F16ToF32(reinterpret_cast<const uint16_t*>(packed)[lane]);
        const uint8_t* bytes = packed + kTileRows * sizeof(uint16_t) + lane * 4;
        for (size_t k = 0; k < kQuantGroup; ++k) {
          out[group * kQuantGroup + k] = scale * static_cast<float>(bytes[k / 4 * 64 + k % 4] - PackedQ8::kZeroPoint);
        }
      }
      return;
    case WeightFormat::kQ4:
      for (size_t group = 0; group < columns / kQuantGroup; ++group) {
        const uint8_t* packed = tile + group * GroupBytes<PackedQ4>();
        const float scale = F16ToF32(reinterpret_cast<const uint16_t*>(packed)[lane]);
        const uint8_t* bytes = packed + kTileRows * sizeof(uint16_t) + lane * 4;
        float* group_out = out + group * kQuantGroup;
        for (size_t k = 0; k < kQuantGroup / 2; ++k) {
          const int byte = bytes[k / 4 * 64 + k % 4];
          group_out[k] = scale * static_cast<float>((byte & 15) - PackedQ4::kZeroPoint);
          group_out[k + kQuantGroup / 2] = scale * static_cast<float>((byte >> 4) - PackedQ4::kZeroPoint);
        }
      }
      return;
  }
}

}  // namespace TURNWISE_ISA
}  // namespace turnwise
