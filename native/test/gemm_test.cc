// Matrix products of every format against f64, and their independence of blocking.
#include <algorithm>
#include <cmath>
#include <cstring>

#include "sources.h"
#include "testing.h"

namespace turnwise {
namespace test {

namespace {

// Activations as the kernel of this format wants them, and their values.
struct Activations {
  size_t row_bytes;
  std::vector<uint8_t> bytes;
  std::vector<double> values;  // [tokens, columns]
};

Activations RandomActivations(const KernelTable& kernels, const SourceFormat& format, int tokens, int columns) {
  const bool floats = !format.IsInteger();
  const size_t wide = static_cast<size_t>(columns);
  Activations x;
  // 4 bytes more than needed: rows need no more alignment than their floats.
  x.row_bytes = (floats ? wide * 4 : wide + wide / 32 * 8) + 4;
  x.bytes.resize(x.row_bytes * static_cast<size_t>(tokens));
  for (int t = 0; t < tokens; ++t) {
    uint8_t* row = x.bytes.data() + static_cast<size_t>(t) * x.row_bytes;
    std::vector<float> values = RandomFloats(wide, t % 5 == 4 ? 100.0f : 1.0f);
    if (t % 7 == 3) values.assign(wide, 0.0f);
    if (floats) {
      std::memcpy(row, values.data(), wide * 4);
      x.values.insert(x.values.end(), values.begin(), values.end());
      continue;
    }
    const Q8aRow q8a = Q8aRowAt(row, columns);
    kernels.quantize(values.data(), columns, q8a);
    for (int k = 0; k < columns; ++k) x.values.push_back(static_cast<double>(q8a.scales[k / 32]) * q8a.values[k]);
  }
  return x;
}

void TestAgainstFormula(const KernelTable& kernels, const SourceFormat& format, int rows, int columns, int tokens) {
  BeginCase(std::string(kernels.isa) + " gemm " + format.name + " " + std::to_string(rows) + " x " +
            std::to_string(columns) + ", tokens " + std::to_string(tokens));
  const Source source = RandomSource(format, rows, columns);
  const OwnedMatrix w = PackSource(format, source, rows, columns);
  const Activations x = RandomActivations(kernels, format, tokens, columns);
  const size_t stride = static_cast<size_t>(TileCount(rows)) * kTileRows + 3;
  Buffer strip(stride * static_cast<size_t>(tokens) * 4, 4);
  strip.Fill(0xff);
  RunGemm(kernels, w.packed, 0, TileCount(rows), x.bytes.data(), x.row_bytes, tokens, strip.As<float>(), stride);
  strip.CheckGuards("strip");
  for (int t = 0; t < tokens; ++t) {
    const float* out = strip.As<float>() + static_cast<size_t>(t) * stride;
    for (int r = 0; r < TileCount(rows) * kTileRows; ++r) {
      double expected = 0;
      double magnitude = 0;
      for (int k = 0; k < columns && r < rows; ++k) {
        const size_t weight = static_cast<size_t>(r * columns + k);
        const double activation = x.values[static_cast<size_t>(t * columns + k)];
        expected += source.weights[weight] * activation;
        magnitude += source.magnitudes[weight] * std::fabs(activation);
      }
      // Rows of padding are exactly zero. Others: a rounding error per step of the sum.
      const int steps = format.IsInteger() ? columns / 32 * 6 : columns;
      ExpectNear(out[r], expected, magnitude * steps * 0x1p-24, "output", t * rows + r);
    }
    for (size_t r = stride - 3; r < stride; ++r) Expect(std::isnan(out[r]), "wrote beyond the row of token %d", t);
  }
}

// Every number of tokens, at every place in a batch, and every run of tiles gives the same bits.
void TestInvariance(const KernelTable& kernels, const SourceFormat& format) {
  BeginCase(std::string(kernels.isa) + " gemm " + format.name + " is batch invariant");
  const int rows = 100;
  const int columns = 3 * std::max(static_cast<int>(format.block_elements), 32);
  const int tokens = 40;
  const OwnedMatrix w = PackSource(format, RandomSource(format, rows, columns), rows, columns);
  const Activations x = RandomActivations(kernels, format, tokens, columns);
  const size_t stride = static_cast<size_t>(TileCount(rows)) * kTileRows;
  std::vector<float> whole(stride * tokens);
  RunGemm(kernels, w.packed, 0, TileCount(rows), x.bytes.data(), x.row_bytes, tokens, whole.data(), stride);
  std::vector<float> part(stride * tokens);
  for (int count = 1; count <= tokens; ++count) {
    const int begin = RandomBelow(tokens - count + 1);
    const int tile = RandomBelow(TileCount(rows));
    const int tiles = 1 + RandomBelow(TileCount(rows) - tile);
    RunGemm(kernels, w.packed, tile, tiles, x.bytes.data() + static_cast<size_t>(begin) * x.row_bytes, x.row_bytes,
            count, part.data(), stride);
    for (int t = 0; t < count; ++t) {
      const float* expected = whole.data() + static_cast<size_t>(begin + t) * stride + tile * kTileRows;
      const bool same =
          std::memcmp(part.data() + static_cast<size_t>(t) * stride, expected, static_cast<size_t>(tiles) * 64) == 0;
      Expect(same, "%d tokens from %d, tiles %d + %d: token %d differs", count, begin, tile, tiles, t);
    }
  }
}

// The largest integers a group can hold, and scales at the ends of their range.
void TestExtremes(const KernelTable& kernels) {
  BeginCase(std::string(kernels.isa) + " gemm, extreme values");
  for (const SourceFormat& format : kSourceFormats) {
    // Where every byte after the scale is a value or two.
    if (format.format != WeightFormat::kInt8G32 && format.format != WeightFormat::kInt4G32) continue;
    const int columns = 64;
    for (const uint8_t fill : {0x00, 0x7f, 0x80, 0xff}) {
      Source source;
      source.bytes.assign(format.block_bytes * 2, fill);
      for (size_t block = 0; block < 2; ++block) {
        const uint16_t scale = 0x7bff;  // 65504
        std::memcpy(source.bytes.data() + block * format.block_bytes, &scale, 2);
      }
      const int low = format.format == WeightFormat::kInt4G32 ? (fill & 15) - 8 : static_cast<int8_t>(fill);
      const int high = format.format == WeightFormat::kInt4G32 ? (fill >> 4) - 8 : static_cast<int8_t>(fill);
      const OwnedMatrix w = PackSource(format, source, 1, columns);
      for (const int sign : {-1, 1}) {
        std::vector<float> values(columns, static_cast<float>(sign) * 127.0f);
        std::vector<uint8_t> row(columns + 16);
        kernels.quantize(values.data(), columns, Q8aRowAt(row.data(), columns));
        float strip[kTileRows];
        RunGemm(kernels, w.packed, 0, 1, row.data(), row.size(), 1, strip, kTileRows);
        const double expected = 65504.0 * 127 * sign * 32 * (low + high);
        ExpectNear(strip[0], expected, std::fabs(expected) * 0x1p-22, format.name, fill);
      }
    }
  }
}

}  // namespace

void TestGemm(const KernelTable& kernels) {
  for (const SourceFormat& format : kSourceFormats) {
    // Widths are whole blocks, at least one of the activations' groups.
    const int unit = std::max(static_cast<int>(format.block_elements), 32);
    for (int tokens = 1; tokens <= 26; ++tokens) TestAgainstFormula(kernels, format, 80, 2 * unit, tokens);
    for (const int rows : {1, 7, 16, 17, 33, 48, 65, 130}) TestAgainstFormula(kernels, format, rows, unit, 3);
    for (const int columns : {unit, 3 * unit, 9 * unit, 2048}) TestAgainstFormula(kernels, format, 20, columns, 2);
    if (!format.IsInteger()) {
      for (const int columns : {1, 3, 17, 100}) TestAgainstFormula(kernels, format, 20, columns, 2);
    }
    TestInvariance(kernels, format);
  }
  TestExtremes(kernels);
}

}  // namespace test
}  // namespace turnwise
