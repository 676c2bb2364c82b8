// The scalar level: portable C++, as the compiler makes it. 16 rows x 2 tokens; the operands stay in L1.
#include "int8_peak.h"

namespace turnwise {
namespace {

constexpr int kRows = 16;
constexpr int kTokens = 2;
constexpr int kColumns = 32;

float Run(int64_t blocks) {
  uint8_t weights[kColumns / 4][kRows][4];
  int8_t activations[kTokens][kColumns];
  for (int i = 0; i < kColumns * kRows; ++i) weights[i / 64][i / 4 % kRows][i % 4] = static_cast<uint8_t>(i % 16);
  for (int i = 0; i < kColumns * kTokens; ++i) activations[i / kColumns][i % kColumns] = static_cast<int8_t>(i % 7 - 3);
  float sums[kTokens][kRows] = {};
  for (int64_t block = 0; block < blocks; ++block) {
    // The compiler must take the operands for new ones.
    asm volatile("" : : "r"(weights), "r"(activations) : "memory");
    for (int t = 0; t < kTokens; ++t) {
      int32_t dots[kRows] = {};
      for (int g = 0; g < kColumns / 4; ++g) {
        for (int r = 0; r < kRows; ++r) {
          for (int j = 0; j < 4; ++j) dots[r] += weights[g][r][j] * activations[t][4 * g + j];
        }
      }
      for (int r = 0; r < kRows; ++r) sums[t][r] += static_cast<float>(dots[r]) * 0.5f * 0.25f;
    }
  }
  float total = 0;
  for (int t = 0; t < kTokens; ++t) {
    for (int r = 0; r < kRows; ++r) total += sums[t][r];
  }
  return total;
}

}  // namespace

const Int8Peak kScalarInt8Peak = {"scalar", 2 * kRows * kTokens * kColumns, Run};

}  // namespace turnwise
