// Which ISA levels this binary has and this CPU runs. A level that is not in the binary has no row; one
// more level is one more row, a file of isa/ and one of simd/.
#include <cstring>
#include <iterator>

#if defined(__x86_64__)
#include <cpuid.h>
#endif
#if defined(__aarch64__) && defined(__linux__)
#include <sys/auxv.h>
#endif
#if defined(__aarch64__) && defined(__APPLE__)
#include <sys/sysctl.h>
#endif

#include "levels.h"

namespace turnwise {

namespace {

struct Level {
  const KernelTable* table;
  bool (*supported)();
};

bool Always() { return true; }

#if defined(__x86_64__)
// Which clang++ 14 cannot be asked for by name. Its registers are AVX's.
bool HasF16c() {
  unsigned a = 0, b = 0, c = 0, d = 0;
  return __get_cpuid(1, &a, &b, &c, &d) != 0 && (c & bit_F16C) != 0;
}

// The compiler's run-time library asks cpuid, and the operating system for the registers it saves.
bool HasAvx2() {
  __builtin_cpu_init();
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && HasF16c();
}

// Its registers are AVX's, too. A CPU without the subleaf answers zeros.
bool HasAvxVnni() {
  constexpr unsigned kAvxVnni = 1u << 4;
  unsigned a = 0, b = 0, c = 0, d = 0;
  return HasAvx2() && __get_cpuid_count(7, 1, &a, &b, &c, &d) != 0 && (a & kAvxVnni) != 0;
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

#if defined(__aarch64__)
#if defined(__linux__)
// Bits of the kernel's arch/arm64/include/uapi/asm/hwcap.h, which older C libraries do not name.
constexpr unsigned long kHwcapAsimdDotprod = 1ul << 20;
constexpr unsigned long kHwcap2I8mm = 1ul << 13;
constexpr unsigned long kHwcap2Bf16 = 1ul << 14;

bool HasNeonDotprod() { return (getauxval(AT_HWCAP) & kHwcapAsimdDotprod) != 0; }
bool HasNeonI8mm() {
  const unsigned long wanted = kHwcap2I8mm | kHwcap2Bf16;
  return HasNeonDotprod() && (getauxval(AT_HWCAP2) & wanted) == wanted;
}
#elif defined(__APPLE__)
bool HasFeature(const char* name) {
  int value = 0;
  size_t bytes = sizeof value;
  return sysctlbyname(name, &value, &bytes, nullptr, 0) == 0 && value != 0;
}
bool HasNeonDotprod() { return HasFeature("hw.optional.arm.FEAT_DotProd"); }
bool HasNeonI8mm() {
  return HasNeonDotprod() && HasFeature("hw.optional.arm.FEAT_I8MM") && HasFeature("hw.optional.arm.FEAT_BF16");
}
#else
bool HasNeonDotprod() { return false; }
bool HasNeonI8mm() { return false; }
#endif
#endif

// Best last.
const Level kLevels[] = {
    {&kScalarKernels, Always},
#if defined(__x86_64__)
    {&kAvx2Kernels, HasAvx2},
    {&kAvxVnniKernels, HasAvxVnni},
    {&kAvx512VnniKernels, HasAvx512Vnni},
#elif defined(__aarch64__)
    {&kNeonDotprodKernels, HasNeonDotprod},
    {&kNeonI8mmKernels, HasNeonI8mm},
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
