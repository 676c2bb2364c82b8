// only: arm64
// flags: -march=armv8.2-a+dotprod
// NEON with the dot product: SDOT, four columns of four outputs.
#include "int8_peak_neon.h"

namespace turnwise {
namespace {

struct Sdot {
  static constexpr int kInstructions = kColumns / 4;
  static int32x4_t Dot(int32x4_t sum, int8x16_t a, int8x16_t b) { return vdotq_s32(sum, a, b); }
};

}  // namespace

const Int8Peak kNeonDotprodInt8Peak = {"neon-dotprod", 2 * kSums * kOutputs * kColumns, RunNeon<Sdot>};

}  // namespace turnwise
