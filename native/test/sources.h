// Random tensors as GGUF files store them, with their values in f64: decoded here from the format's
// definition and not by the code under test.
#pragma once

#include <cstdint>
#include <vector>

#include "../kernels/kernels.h"

namespace turnwise {
namespace test {

struct SourceFormat {
  const char* name;
  int ggml_type;
  WeightFormat format;
  size_t block_elements;
  size_t block_bytes;
};

extern const SourceFormat kSourceFormats[5];

struct Source {
  std::vector<uint8_t> bytes;
  std::vector<double> weights;  // [rows, columns]
};

// Values of moderate size; block scales include zero, negative and subnormal ones.
Source RandomSource(const SourceFormat& format, int rows, int columns);

// A packed matrix that owns its memory.
struct OwnedMatrix {
  std::vector<uint8_t> memory;
  PackedMatrix packed;
};
OwnedMatrix PackSource(const SourceFormat& format, const Source& source, int rows, int columns);

}  // namespace test
}  // namespace turnwise
