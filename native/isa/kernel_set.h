// All kernels, compiled for one ISA level. A file of isa/ defines TURNWISE_ISA, the namespace that keeps
// its code apart from that of the other levels, includes its SIMD types, then this file, and defines the
// level's table.
#pragma once

#include "../kernels/kernels.h"
#include "../simd/half.h"
#include "../simd/math.h"
// Kernels that others build on come first.
#include "../kernels/elementwise.h"
#include "../kernels/quantize.h"
#include "../kernels/gemm_float.h"
#include "../kernels/gemm_int.h"
#include "../kernels/unpack_row.h"
#include "../kernels/reduce.h"
#include "../kernels/store_kv.h"
#include "../kernels/attend_scratch.h"
#include "../kernels/attend.h"
#include "../kernels/merge_attention.h"

namespace turnwise {
namespace TURNWISE_ISA {

constexpr KernelTable MakeKernelTable(const char* isa) {
  return {
      isa,
      // In the order of WeightFormat.
      {FloatGemm<PackedF32>, FloatGemm<PackedF16>, FloatGemm<PackedBf16>, IntGemm<PackedQ8>, IntGemm<PackedQ4>},
      UnpackRow,
      RmsNorm,
      Quantize,
      Rope,
      Swiglu,
      Add,
      StoreKv,
      Attend,
      MergeAttention,
      FinishAttention,
      Argmax,
      LogSumExp,
  };
}

}  // namespace TURNWISE_ISA
}  // namespace turnwise
