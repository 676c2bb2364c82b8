// only: arm64
// flags: -ffp-contract=off -fno-schedule-insns -march=armv8.2-a+dotprod+i8mm+bf16
// Arm with matrix products of bytes and bf16: Neoverse V1, V2 and V3 (Graviton3, 4 and 5), N2.
#define TURNWISE_ISA neon_i8mm
#define TURNWISE_INT_GEMM "../kernels/neon/panel_gemm.h"
#define TURNWISE_INT_KERNELS PanelGemmKernels
#define TURNWISE_INT_ATTENTION "../kernels/neon/attend_matrix.h"
#include "../simd/neon.h"

#include "kernel_set.h"
#include "levels.h"

namespace turnwise {

const KernelTable kNeonI8mmKernels = neon_i8mm::MakeKernelTable("neon-i8mm");

}  // namespace turnwise
