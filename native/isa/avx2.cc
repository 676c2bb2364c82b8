// only: x64
// flags: -ffp-contract=off -mavx2 -mfma -mf16c
// x86 with AVX2, FMA and F16C: Intel since Haswell, AMD since Zen.
#define TURNWISE_ISA avx2
#include "../simd/avx2.h"

#include "kernel_set.h"
#include "levels.h"

namespace turnwise {

const KernelTable kAvx2Kernels = avx2::MakeKernelTable("avx2");

}  // namespace turnwise
