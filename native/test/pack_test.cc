// Packing against the GGUF formats as the specification gives them, and 16-bit floats against the
// compiler's own.
#include "../pack/pack.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "../simd/half.h"
#include "sources.h"
#include "testing.h"

namespace turnwise {
namespace test {

void TestHalf() {
  BeginCase("f16 to f32, all values");
  for (int i = 0; i < 65536; ++i) {
    const float value = F16ToF32(static_cast<uint16_t>(i));
    const float expected = HalfToFloat(static_cast<uint16_t>(i));
    const bool same = BitsFromFloat(value) == BitsFromFloat(expected) || (std::isnan(value) && std::isnan(expected));
    Expect(same, "%04x is %g, expected %g", i, value, expected);
  }
  BeginCase("f32 to f16");
  for (int i = 0; i < 200000; ++i) {
    // Random bits, and values that lie around the borders of f16's range and half-way between its values.
    float value = FloatFromBits(RandomBits());
    if (i % 2 == 1) value = HalfToFloat(static_cast<uint16_t>(RandomBits())) * (1.0f + 0x1p-12f * (RandomBelow(9) - 4));
    const uint16_t half = F32ToF16(value);
    const uint16_t expected = FloatToHalf(value);
    const bool same = half == expected || (std::isnan(value) && std::isnan(HalfToFloat(half)));
    Expect(same, "%a is %04x, expected %04x", value, half, expected);
  }
}

namespace {

void TestRoundTrip(const KernelTable& kernels, const SourceFormat& format, int rows, int columns, int head_dim) {
  BeginCase(std::string(kernels.isa) + " pack and unpack " + format.name + " " + std::to_string(rows) + " x " + std::to_string(columns) +
            " heads of " + std::to_string(head_dim));
  // A misaligned source: tensors in files begin anywhere.
  const Source source = RandomSource(format, rows, columns);
  Buffer misaligned(source.bytes.size(), 1);
  std::memcpy(misaligned.data(), source.bytes.data(), source.bytes.size());

  const size_t tile_bytes = PackedTileBytes(format.format, columns);
  Buffer packed(static_cast<size_t>(TileCount(rows)) * tile_bytes);
  const PackedMatrix w = {format.format, WeightLayout::kRows16x4, rows, columns, packed.data(), tile_bytes};
  const SourceTensor from = {misaligned.data(), source.bytes.size(), format.ggml_type, head_dim};
  std::string error;
  Expect(CheckPack(from, w, &error), "refused: %s", error.c_str());
  // In two ranges, as two threads would, the later first.
  const int middle = TileCount(rows) / 2;
  PackTiles(from, w, packed.data(), middle, TileCount(rows));
  PackTiles(from, w, packed.data(), 0, middle);
  packed.CheckGuards("packed matrix");

  Buffer row(static_cast<size_t>(columns) * 4);
  for (int r = 0; r < rows; ++r) {
    // Row i of a head's first half is source row 2i, of its second half 2i + 1.
    int source_row = r;
    if (head_dim > 0) {
      const int i = r % head_dim;
      source_row = r - i + (i < head_dim / 2 ? 2 * i : 2 * (i - head_dim / 2) + 1);
    }
    KernelsOf(kernels, format.format).unpack_row(w, r, row.As<float>());
    for (int k = 0; k < columns; ++k) {
      const float expected = static_cast<float>(source.weights[static_cast<size_t>(source_row * columns + k)]);
      Expect(row.As<float>()[k] == expected, "row %d column %d is %g, expected %g", r, k, row.As<float>()[k], expected);
    }
  }
  row.CheckGuards("unpacked row");
}

void ExpectRefused(const char* why, const SourceFormat& format, int ggml_type, size_t missing_bytes, int rows,
                   int columns, int head_dim) {
  const size_t bytes = static_cast<size_t>(rows) * static_cast<size_t>(columns) / format.block_elements *
                           format.block_bytes -
                       missing_bytes;
  const PackedMatrix w = {format.format, WeightLayout::kRows16x4, rows, columns, nullptr, 0};
  std::string error;
  const bool ok = CheckPack({nullptr, bytes, ggml_type, head_dim}, w, &error);
  Expect(!ok && !error.empty(), "%s: %s is not refused", format.name, why);
}

}  // namespace

void TestPack() {
  BeginCase("what cannot be packed");
  for (const SourceFormat& format : kSourceFormats) {
    const int wide = std::max(static_cast<int>(format.block_elements), 32);
    ExpectRefused("a short source", format, format.ggml_type, 1, 16, wide, 0);
    ExpectRefused("an unknown type", format, 4, 0, 16, wide, 0);
    ExpectRefused("another type", format, format.ggml_type == 0 ? 1 : 0, 0, 16, wide, 0);
    ExpectRefused("half a head", format, format.ggml_type, 0, 16, wide, 6);
    ExpectRefused("an odd head", format, format.ggml_type, 0, 15, wide, 5);
    ExpectRefused("no rows", format, format.ggml_type, 0, 0, wide, 0);
    if (format.block_elements > 1) ExpectRefused("half a block", format, format.ggml_type, 0, 16, wide * 3 / 2, 0);
  }
}

void TestUnpack(const KernelTable& kernels) {
  for (const SourceFormat& format : kSourceFormats) {
    const int unit = std::max(static_cast<int>(format.block_elements), 32);
    for (const int rows : {1, 15, 16, 17, 40}) TestRoundTrip(kernels, format, rows, 2 * unit, 0);
    TestRoundTrip(kernels, format, 48, unit, 8);
    TestRoundTrip(kernels, format, 64, 3 * unit, 32);
    TestRoundTrip(kernels, format, 32, 9 * unit, 16);
    if (!format.IsInteger()) TestRoundTrip(kernels, format, 5, 3, 0);
  }
}

}  // namespace test
}  // namespace turnwise
