// only: arm64
// flags: -march=armv8.2-a+i8mm
// NEON with matrix products: SMMLA, eight columns of two rows times two tokens.
#include "int8_peak_neon.h"

namespace turnwise {
namespace {

struct Smmla {
  static constexpr int kInstructions = kColumns / 8;
  static int32x4_t Dot(int32x4_t sum, int8x16_t a, int8x16_t b) { return vmmlaq_s32(sum, a, b); }
};

}  // namespace

const Int8Peak kNeonI8mmInt8Peak = {"neon-i8mm", 2 * kSums * kOutputs * kColumns, RunNeon<Smmla>};

}  // namespace turnwise
