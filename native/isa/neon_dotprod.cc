// only: arm64
// flags: -ffp-contract=off -fno-schedule-insns -march=armv8.2-a+dotprod
// Arm with dot products of bytes: Neoverse N1 (Graviton2) and most since Armv8.4.
#define TURNWISE_ISA neon_dotprod
#define TURNWISE_INT_GEMM "../kernels/neon/dot_gemm.h"
#define TURNWISE_INT_KERNELS DotGemmKernels
#include "../simd/neon.h"

#include "kernel_set.h"
#include "levels.h"

namespace turnwise {

const KernelTable kNeonDotprodKernels = neon_dotprod::MakeKernelTable("neon-dotprod");

}  // namespace turnwise
