#include "sources.h"

#include <cstring>
#include <string>

#include "../pack/pack.h"
#include "testing.h"

namespace turnwise {
namespace test {

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

float Truncated(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  bits &= 0xffff0000;
  std::memcpy(&value, &bits, sizeof bits);
  return value;
}

void AppendF32(Source* source) {
  const float value = RandomFloat();
  Append(&source->bytes, value);
  source->weights.push_back(value);
}

void AppendF16(Source* source) {
  const uint16_t half = FloatToHalf(RandomFloat());
  Append(&source->bytes, half);
  source->weights.push_back(HalfToFloat(half));
}

void AppendBf16(Source* source) {
  const float value = Truncated(RandomFloat());
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  Append(&source->bytes, static_cast<uint16_t>(bits >> 16));
  source->weights.push_back(value);
}

}  // namespace

const std::vector<SourceFormat> kSourceFormats = {
    {"F32", 0, WeightFormat::kF32, 1, 4, AppendF32},
    {"F16", 1, WeightFormat::kF16, 1, 2, AppendF16},
    {"BF16", 30, WeightFormat::kBf16, 1, 2, AppendBf16},
    {"Q8_0", 8, WeightFormat::kInt8G32, 32, 34, AppendQ8Block},
    {"Q4_0", 2, WeightFormat::kInt4G32, 32, 18, AppendQ4Block},
};

Source RandomSource(const SourceFormat& format, int rows, int columns) {
  Source source;
  const size_t blocks = static_cast<size_t>(rows) * static_cast<size_t>(columns) / format.block_elements;
  for (size_t block = 0; block < blocks; ++block) format.append_block(&source);
  return source;
}

void RunGemm(const KernelTable& kernels, const PackedMatrix& w, int tile_begin, int tile_count, const uint8_t* x,
             size_t x_row_bytes, int tokens, float* out, size_t stride) {
  const FormatKernels& format = KernelsOf(kernels, w.format);
  Buffer scratch(format.gemm_scratch_bytes(w.columns));
  scratch.Fill(0xff);
  format.gemm({&w, tile_begin, tile_count, x, x_row_bytes, tokens, out, stride, scratch.data()});
  scratch.CheckGuards("scratch");
}

OwnedMatrix PackSource(const SourceFormat& format, const Source& source, int rows, int columns) {
  OwnedMatrix matrix;
  const size_t tile_bytes = PackedTileBytes(format.format, columns);
  const size_t bytes = static_cast<size_t>(TileCount(rows)) * tile_bytes;
  matrix.memory.resize(bytes + 64);
  const size_t address = reinterpret_cast<size_t>(matrix.memory.data());
  uint8_t* data = matrix.memory.data() + (address + 63) / 64 * 64 - address;
  matrix.packed = {format.format, WeightLayout::kRows16x4, rows, columns, data, tile_bytes};
  const SourceTensor from = {source.bytes.data(), source.bytes.size(), format.ggml_type, 0};
  std::string error;
  Expect(CheckPack(from, matrix.packed, &error), "packing failed: %s", error.c_str());
  PackTiles(from, matrix.packed, data, 0, TileCount(rows));
  return matrix;
}

}  // namespace test
}  // namespace turnwise
