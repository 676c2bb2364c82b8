// The tables of the ISA levels, for find_kernels.cc alone; everyone else asks FindKernels.
#pragma once

#include "../kernels/kernels.h"

namespace turnwise {

extern const KernelTable kScalarKernels;
extern const KernelTable kAvx2Kernels;
extern const KernelTable kAvxVnniKernels;
extern const KernelTable kAvx512VnniKernels;
extern const KernelTable kNeonDotprodKernels;
extern const KernelTable kNeonI8mmKernels;

}  // namespace turnwise
