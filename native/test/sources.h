// Random tensors as GGUF files store them, with their values in f64: decoded here from the format's
// definition and not by the code under test.
#pragma once

#include <cstdint>
#include <vector>

#include "../kernels/kernels.h"

namespace turnwise {
namespace test {

struct Source {
  std::vector<uint8_t> bytes;
  std::vector<double> weights;  // [rows, columns]
  // Of each weight, the magnitudes of the terms that it is a sum of: what rounding errors are relative to.
  std::vector<double> magnitudes;
};

struct SourceFormat {
  const char* name;
  int ggml_type;
  WeightFormat format;
  size_t block_elements;
  size_t block_bytes;
  // Appends a random block and what it means.
  void (*append_block)(Source* source);

  bool IsInteger() const { return InfoOf(format).operand == OperandType::kQ8a; }
};

extern const std::vector<SourceFormat> kSourceFormats;

// What the integers of blocks are from now on: random, or all the least or the greatest that their bits can say.
enum class BlockFill { kRandom, kLowest, kHighest };
extern BlockFill block_fill;

// Values of moderate size; block scales include zero, negative and subnormal ones.
Source RandomSource(const SourceFormat& format, int rows, int columns);

// A packed matrix that owns its memory.
struct OwnedMatrix {
  std::vector<uint8_t> memory;
  PackedMatrix packed;
};
// The product of some tiles, with guarded scratch memory.
void RunGemm(const KernelTable& kernels, const PackedMatrix& w, int tile_begin, int tile_count, const uint8_t* x,
             size_t x_row_bytes, int tokens, float* out, size_t stride);
OwnedMatrix PackSource(const SourceFormat& format, const Source& source, int rows, int columns);

}  // namespace test
}  // namespace turnwise
