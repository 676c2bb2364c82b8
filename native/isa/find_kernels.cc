// Which ISA levels this binary has and this CPU runs. A level that is not in the binary has no row; one
// more level is one more row, a file of isa/ and one of simd/.
#include <cstring>
#include <iterator>

#include "levels.h"

namespace turnwise {

namespace {

struct Level {
  const KernelTable* table;
  bool (*supported)();
};

bool Always() { return true; }

#if defined(__x86_64__)
// The compiler's run-time library asks cpuid, and the operating system for the registers it saves.
bool HasAvx2() {
  __builtin_cpu_init();
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c");
}

bool HasAvx512Vnni() {
#ifdef TURNWISE_EMULATE_AVX512
  return true;
#endif
  __builtin_cpu_init();
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
         __builtin_cpu_supports("avx512vnni") && __builtin_cpu_supports("fma");
}
#endif

// Best last.
const Level kLevels[] = {
    {&kScalarKernels, Always},
#if defined(__x86_64__)
    {&kAvx2Kernels, HasAvx2},
    {&kAvx512VnniKernels, HasAvx512Vnni},
#endif
};

}  // namespace

const KernelTable* FindKernels(const char* isa) {
  for (const Level& level : kLevels) {
    if (std::strcmp(level.table->isa, isa) == 0) return level.supported() ? level.table : nullptr;
  }
  return nullptr;
}

const KernelTable* CompiledKernels(int index) {
  return index < static_cast<int>(std::size(kLevels)) ? kLevels[index].table : nullptr;
}

const char* IsaLevelName(int index) {
  for (const Level& level : kLevels) {
    if (level.supported() && index-- == 0) return level.table->isa;
  }
  return nullptr;
}

}  // namespace turnwise
