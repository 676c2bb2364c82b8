#include "sources.h"

#include <cstring>
#include <string>

#include "../pack/pack.h"
#include "testing.h"

namespace turnwise {
namespace test {

const SourceFormat kSourceFormats[5] = {
    {"F32", kGgmlF32, WeightFormat::kF32, 1, 4},    {"F16", kGgmlF16, WeightFormat::kF16, 1, 2},
    {"BF16", kGgmlBf16, WeightFormat::kBf16, 1, 2}, {"Q8_0", kGgmlQ8_0, WeightFormat::kQ8, 32, 34},
    {"Q4_0", kGgmlQ4_0, WeightFormat::kQ4, 32, 18},
};

namespace {

template <class T>
void Append(std::vector<uint8_t>* bytes, T value) {
  const uint8_t* p = reinterpret_cast<const uint8_t*>(&value);
  bytes->insert(bytes->end(), p, p + sizeof value);
}

uint16_t RandomScale() {
  switch (RandomBelow(16)) {
    case 0:
      return 0;
    case 1:
      return FloatToHalf(-0.01f);
    case 2:
      return 0x0003;  // subnormal
    default:
      return FloatToHalf(0.001f + 0.01f * (RandomFloat() + 1.0f));
  }
}

void AppendQ8Block(Source* source) {
  const uint16_t scale = RandomScale();
  Append(&source->bytes, scale);
  for (int k = 0; k < 32; ++k) {
    const int8_t value = static_cast<int8_t>(RandomBelow(256) - 128);
    Append(&source->bytes, value);
    source->weights.push_back(static_cast<double>(HalfToFloat(scale)) * value);
  }
}

// Byte k holds column k in its low and column 16 + k in its high nibble, each plus 8.
void AppendQ4Block(Source* source) {
  const uint16_t scale = RandomScale();
  Append(&source->bytes, scale);
  int values[32];
  for (int& value : values) value = RandomBelow(16);
  for (int k = 0; k < 16; ++k) Append(&source->bytes, static_cast<uint8_t>(values[k] | values[k + 16] << 4));
  for (const int value : values) source->weights.push_back(static_cast<double>(HalfToFloat(scale)) * (value - 8));
}

}  // namespace

Source RandomSource(const SourceFormat& format, int rows, int columns) {
  Source source;
  const size_t blocks = static_cast<size_t>(rows) * static_cast<size_t>(columns) / format.block_elements;
  for (size_t block = 0; block < blocks; ++block) {
    const float value = RandomFloat();
    uint32_t bits;
    std::memcpy(&bits, &value, sizeof bits);
    const uint32_t upper = bits & 0xffff0000;
    float truncated;
    std::memcpy(&truncated, &upper, sizeof truncated);
    switch (format.format) {
      case WeightFormat::kF32:
        Append(&source.bytes, value);
        source.weights.push_back(value);
        break;
      case WeightFormat::kF16:
        Append(&source.bytes, FloatToHalf(value));
        source.weights.push_back(HalfToFloat(FloatToHalf(value)));
        break;
      case WeightFormat::kBf16:
        Append(&source.bytes, static_cast<uint16_t>(bits >> 16));
        source.weights.push_back(truncated);
        break;
      case WeightFormat::kQ8:
        AppendQ8Block(&source);
        break;
      case WeightFormat::kQ4:
        AppendQ4Block(&source);
        break;
    }
  }
  return source;
}

OwnedMatrix PackSource(const SourceFormat& format, const Source& source, int rows, int columns) {
  OwnedMatrix matrix;
  const size_t tile_bytes = PackedTileBytes(format.format, columns);
  const size_t bytes = static_cast<size_t>(TileCount(rows)) * tile_bytes;
  matrix.memory.resize(bytes + 64);
  const size_t address = reinterpret_cast<size_t>(matrix.memory.data());
  uint8_t* data = matrix.memory.data() + (address + 63) / 64 * 64 - address;
  std::string error;
  const bool ok = PackMatrix(source.bytes.data(), source.bytes.size(), format.ggml_type, format.format, rows, columns,
                             0, data, 0, TileCount(rows), &error);
  Expect(ok, "packing failed: %s", error.c_str());
  matrix.packed = {format.format, rows, columns, data, tile_bytes};
  return matrix;
}

}  // namespace test
}  // namespace turnwise
