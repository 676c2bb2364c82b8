// flags: -ffp-contract=off
// The level of every CPU: portable C++, and the twin that the other levels are tested against.
// Contraction is off on every level: where a product is fused with a sum is written, not chosen by the
// compiler, or two blockings of one kernel could differ in the last bit.
#define TURNWISE_ISA scalar
#include "../simd/scalar.h"

#include "kernel_set.h"
#include "levels.h"

namespace turnwise {

const KernelTable kScalarKernels = scalar::MakeKernelTable("scalar");

}  // namespace turnwise
