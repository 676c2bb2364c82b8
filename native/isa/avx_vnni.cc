// only: x64
// flags: -ffp-contract=off -mavx2 -mfma -mf16c -mavxvnni
// x86 with the int8 dot product on registers of 256 bits: Intel since Alder Lake, of which most lack AVX-512.
#define TURNWISE_ISA avx_vnni
#include "../simd/avx_vnni.h"

#include "kernel_set.h"
#include "levels.h"

namespace turnwise {

const KernelTable kAvxVnniKernels = avx_vnni::MakeKernelTable("avx-vnni");

}  // namespace turnwise
