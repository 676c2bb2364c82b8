// Which loops this binary has. That the CPU runs a level is FindKernels' to say.
#include <cstring>

#include "int8_peak.h"

namespace turnwise {
namespace {

const Int8Peak* const kPeaks[] = {
    &kScalarInt8Peak,
#if defined(__x86_64__)
    &kAvx2Int8Peak,
    &kAvxVnniInt8Peak,
    &kAvx512VnniInt8Peak,
#elif defined(__aarch64__)
    &kNeonDotprodInt8Peak,
    &kNeonI8mmInt8Peak,
#endif
};

}  // namespace

const Int8Peak* FindInt8Peak(const char* isa) {
  for (const Int8Peak* peak : kPeaks) {
    if (std::strcmp(peak->isa, isa) == 0) return peak;
  }
  return nullptr;
}

}  // namespace turnwise
