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

// `rows`: one of f32 for each token.
Activations ActivationsOf(const KernelTable& kernels, const SourceFormat& format,
                          const std::vector<std::vector<float>>& rows) {
  const bool floats = !format.IsInteger();
  const size_t wide = rows[0].size();
  const int columns = static_cast<int>(wide);
  Activations x;
  // 4 bytes more than needed: rows need no more alignment than their floats.
  x.row_bytes = (floats ? wide * 4 : Q8aRowBytes(columns)) + 4;
  x.bytes.resize(x.row_bytes * rows.size());
  for (size_t t = 0; t < rows.size(); ++t) {
    uint8_t* row = x.bytes.data() + t * x.row_bytes;
    if (floats) {
      std::memcpy(row, rows[t].data(), wide * 4);
      x.values.insert(x.values.end(), rows[t].begin(), rows[t].end());
      continue;
    }
    const Q8aRow q8a = Q8aRowAt(row, columns);
    kernels.quantize(rows[t].data(), columns, q8a);
    for (int k = 0; k < columns; ++k) x.values.push_back(static_cast<double>(q8a.scales[k / 32]) * q8a.values[k]);
  }
  return x;
}

std::vector<std::vector<float>> RandomRows(int tokens, int columns) {
  std::vector<std::vector<float>> rows;
  for (int t = 0; t < tokens; ++t) {
    rows.push_back(RandomFloats(static_cast<size_t>(columns), t % 5 == 4 ? 100.0f : 1.0f));
    if (t % 7 == 3) rows.back().assign(rows.back().size(), 0.0f);
  }
  return rows;
}

// The product of all rows of the source with all rows of x.
void ExpectProduct(const KernelTable& kernels, const SourceFormat& format, const Source& source, const Activations& x,
                   int rows, int columns, int tokens) {
  const OwnedMatrix w = PackSource(format, source, rows, columns);
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

void TestAgainstFormula(const KernelTable& kernels, const SourceFormat& format, int rows, int columns, int tokens) {
  BeginCase(std::string(kernels.isa) + " gemm " + format.name + " " + std::to_string(rows) + " x " +
            std::to_string(columns) + ", tokens " + std::to_string(tokens));
  const Source source = RandomSource(format, rows, columns);
  const Activations x = ActivationsOf(kernels, format, RandomRows(tokens, columns));
  ExpectProduct(kernels, format, source, x, rows, columns, tokens);
}

// Every number of tokens, at every place in a batch, and every run of tiles gives the same bits.
void TestInvariance(const KernelTable& kernels, const SourceFormat& format, int rows, int columns, int tokens) {
  BeginCase(std::string(kernels.isa) + " gemm " + format.name + " of " + std::to_string(columns) +
            " columns is batch invariant");
  const OwnedMatrix w = PackSource(format, RandomSource(format, rows, columns), rows, columns);
  const Activations x = ActivationsOf(kernels, format, RandomRows(tokens, columns));
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

// The largest integers that a format and its activations can hold, all of one sign, with the largest scales: no sum of
// products may saturate or overflow.
void TestExtremes(const KernelTable& kernels, const SourceFormat& format) {
  // Every block of a kernel that takes several tokens, and what it leaves.
  const int rows = 33;
  const int tokens = 9;
  const int columns = 2 * std::max(static_cast<int>(format.block_elements), 32);
  for (const BlockFill fill : {BlockFill::kLowest, BlockFill::kHighest}) {
    BeginCase(std::string(kernels.isa) + " gemm " + format.name + " of the " +
              (fill == BlockFill::kLowest ? "least" : "greatest") + " integers");
    block_fill = fill;
    const Source source = RandomSource(format, rows, columns);
    block_fill = BlockFill::kRandom;
    for (const float value : {-127.0f, 127.0f}) {
      const std::vector<std::vector<float>> same(tokens, std::vector<float>(static_cast<size_t>(columns), value));
      ExpectProduct(kernels, format, source, ActivationsOf(kernels, format, same), rows, columns, tokens);
    }
  }
}

// A NaN in an activation, wherever it stands, is one in all results of its token, and no other token knows of it.
void TestNan(const KernelTable& kernels, const SourceFormat& format) {
  BeginCase(std::string(kernels.isa) + " gemm " + format.name + " keeps NaN");
  const int rows = 20;
  const int tokens = 7;
  const int columns = 2 * std::max(static_cast<int>(format.block_elements), 32);
  const OwnedMatrix w = PackSource(format, RandomSource(format, rows, columns), rows, columns);
  std::vector<std::vector<float>> x = RandomRows(tokens, columns);
  const size_t stride = static_cast<size_t>(TileCount(rows)) * kTileRows;
  const auto product = [&] {
    const Activations activations = ActivationsOf(kernels, format, x);
    std::vector<float> out(stride * tokens);
    RunGemm(kernels, w.packed, 0, TileCount(rows), activations.bytes.data(), activations.row_bytes, tokens, out.data(),
            stride);
    return out;
  };
  const std::vector<float> clean = product();
  for (int k = 0; k < columns; ++k) {
    const int token = k % tokens;
    float& element = x[static_cast<size_t>(token)][static_cast<size_t>(k)];
    const float before = element;
    element = k % 2 == 0 ? NAN : -NAN;
    const std::vector<float> out = product();
    element = before;
    for (int t = 0; t < tokens; ++t) {
      for (size_t i = static_cast<size_t>(t) * stride; i < static_cast<size_t>(t) * stride + rows; ++i) {
        const bool right = t == token ? std::isnan(out[i]) : std::memcmp(&out[i], &clean[i], sizeof(float)) == 0;
        Expect(right, "NaN at column %d of token %d: token %d is %g", k, token, t, static_cast<double>(out[i]));
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
    TestInvariance(kernels, format, 100, 3 * unit, 40);
    // More tokens than a block holds times more columns than a panel: whole panels, and what is left of the last.
    for (const int columns : {1280, 2048}) {
      for (const int tokens : {7, 13, 26}) TestAgainstFormula(kernels, format, 20, columns, tokens);
      TestInvariance(kernels, format, 36, columns, 26);
    }
    // And what is left of the columns that share a scale of activations.
    for (const int columns : {9 * unit, 1280 + unit}) {
      TestAgainstFormula(kernels, format, 20, columns, 13);
      TestInvariance(kernels, format, 36, columns, 26);
    }
    if (format.IsInteger()) TestExtremes(kernels, format);
    TestNan(kernels, format);
  }
}

}  // namespace test
}  // namespace turnwise
