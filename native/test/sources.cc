#include "sources.h"

#include <cmath>
#include <cstring>
#include <string>

#include "../pack/pack.h"
#include "quant_blocks.h"
#include "testing.h"

namespace turnwise {
namespace test {

namespace {

template <class T>
void Append(Source* source, T stored, float value) {
  const uint8_t* p = reinterpret_cast<const uint8_t*>(&stored);
  source->bytes.insert(source->bytes.end(), p, p + sizeof stored);
  source->weights.push_back(value);
  source->magnitudes.push_back(std::fabs(value));
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
  Append(source, value, value);
}

void AppendF16(Source* source) {
  const uint16_t half = FloatToHalf(RandomFloat());
  Append(source, half, HalfToFloat(half));
}

void AppendBf16(Source* source) {
  const float value = Truncated(RandomFloat());
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  Append(source, static_cast<uint16_t>(bits >> 16), value);
}

// A group of src/formats/group-quant/group-blocks.ts: a scale, a zero point, values in the order of Q4_0 and Q8_0.
template <int kBits, int kColumns, int kScaleBytes>
void AppendGroup(Source* source) {
  constexpr int kLevels = 1 << kBits;
  const uint16_t half = BlockScale();
  // As bf16 checkpoints have them: their products with integers are exact, which reading a row back relies on.
  const float wide = Truncated(0.01f * RandomFloat());
  const float scale = kScaleBytes == 2 ? HalfToFloat(half) : wide;
  const uint8_t zero_point = static_cast<uint8_t>(BlockInteger(kLevels));
  const auto append = [source](const void* from, size_t size) {
    const auto* p = static_cast<const uint8_t*>(from);
    source->bytes.insert(source->bytes.end(), p, p + size);
  };
  append(kScaleBytes == 2 ? static_cast<const void*>(&half) : &wide, kScaleBytes);
  append(&zero_point, 1);
  int values[kColumns];
  for (int& value : values) {
    value = BlockInteger(kLevels);
    const double product = static_cast<double>(scale) * (value - kLevels / 2);
    const double minimum = static_cast<double>(scale) * (kLevels / 2 - zero_point);
    source->weights.push_back(product + minimum);
    source->magnitudes.push_back(std::fabs(product) + std::fabs(minimum));
  }
  for (int k = 0; k < kColumns * kBits / 8; ++k) {
    const int pair = k / 16 * 32 + k % 16;
    const uint8_t byte = static_cast<uint8_t>(kBits == 8 ? values[k] : values[pair] | values[pair + 16] << 4);
    append(&byte, 1);
  }
}

}  // namespace

const std::vector<SourceFormat> kSourceFormats = {
    {"F32", 0, WeightFormat::kF32, 1, 4, AppendF32},
    {"F16", 1, WeightFormat::kF16, 1, 2, AppendF16},
    {"BF16", 30, WeightFormat::kBf16, 1, 2, AppendBf16},
    {"Q8_0", 8, WeightFormat::kInt8G32, 32, 34, AppendQ8_0},
    {"Q4_0", 2, WeightFormat::kInt4G32, 32, 18, AppendQ4_0},
    {"Q4_1", 3, WeightFormat::kInt4G32Min, 32, 20, AppendQ4_1},
    {"Q5_0", 6, WeightFormat::kInt5G32, 32, 22, AppendQ5_0},
    {"Q5_1", 7, WeightFormat::kInt5G32Min, 32, 24, AppendQ5_1},
    {"IQ4_NL", 20, WeightFormat::kCode4G32, 32, 18, AppendIq4Nl},
    {"Q2_K", 10, WeightFormat::kInt2K16Min, 256, 84, AppendQ2K},
    {"Q3_K", 11, WeightFormat::kInt3K16, 256, 110, AppendQ3K},
    {"Q4_K", 12, WeightFormat::kInt4K32Min, 256, 144, AppendQ4K},
    {"Q5_K", 13, WeightFormat::kInt5K32Min, 256, 176, AppendQ5K},
    {"Q6_K", 14, WeightFormat::kInt6K16, 256, 210, AppendQ6K},
    {"IQ4_XS", 23, WeightFormat::kCode4K32, 256, 136, AppendIq4Xs},
    {"int4_g32_zero", 1000, WeightFormat::kInt4G32Zero, 32, 19, AppendGroup<4, 32, 2>},
    {"int4_g64_zero", 1001, WeightFormat::kInt4G64Zero, 64, 35, AppendGroup<4, 64, 2>},
    {"int4_g128_zero", 1002, WeightFormat::kInt4G128Zero, 128, 67, AppendGroup<4, 128, 2>},
    {"int8_g32_zero", 1003, WeightFormat::kInt8G32Zero, 32, 35, AppendGroup<8, 32, 2>},
    {"int8_g128_zero", 1004, WeightFormat::kInt8G128Zero, 128, 131, AppendGroup<8, 128, 2>},
    {"int4_g32_wide", 1005, WeightFormat::kInt4G32Wide, 32, 21, AppendGroup<4, 32, 4>},
    {"int8_g32_wide", 1006, WeightFormat::kInt8G32Wide, 32, 37, AppendGroup<8, 32, 4>},
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
