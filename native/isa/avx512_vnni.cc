// only: x64
// flags: -ffp-contract=off -mavx512f -mavx512bw -mavx512dq -mavx512vl -mavx512vnni -mfma
// x86 with AVX-512 and its int8 dot product: Intel since Ice Lake, AMD since Zen 4.
#define TURNWISE_ISA avx512_vnni
#include "../simd/avx512_vnni.h"

#include "kernel_set.h"
#include "levels.h"

namespace turnwise {

const KernelTable kAvx512VnniKernels = avx512_vnni::MakeKernelTable("avx512-vnni");

}  // namespace turnwise
