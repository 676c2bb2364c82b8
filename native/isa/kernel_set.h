// All kernels, compiled for one ISA level. A file of isa/ defines TURNWISE_ISA, the namespace that keeps
// its code apart from that of the other levels, includes its SIMD types, then this file, and defines the
// level's table. A level with products of integers of its own names their header in TURNWISE_INT_GEMM, the
// template that makes a format's row of the table in TURNWISE_INT_KERNELS, and the header that defines
// Int8PageAttention in TURNWISE_INT_ATTENTION.
#pragma once

#ifndef TURNWISE_INT_GEMM
#define TURNWISE_INT_GEMM "../kernels/gemm_int.h"
#define TURNWISE_INT_KERNELS GemmIntKernels
#endif
#ifndef TURNWISE_INT_ATTENTION
#define TURNWISE_INT_ATTENTION "../kernels/attend_page_int8.h"
#endif

#include "../kernels/kernels.h"
#include "../simd/half.h"
#include "../simd/math.h"
// Kernels that others build on come first.
#include "../kernels/elementwise.h"
#include "../kernels/quantize.h"
#include "../kernels/gemm_float.h"
#include "../kernels/int_formats.h"
#include "../kernels/unpack_row.h"
#include TURNWISE_INT_GEMM
#include "../kernels/reduce.h"
#include "../kernels/store_kv.h"
#include "../kernels/attend_scratch.h"
#include "../kernels/attend.h"
#include "../kernels/merge_attention.h"

namespace turnwise {
namespace TURNWISE_ISA {

inline size_t NoScratch(int32_t) { return 0; }

template <class Format>
constexpr FormatKernels FloatKernels() {
  return {FloatGemm<Format>, NoScratch, UnpackFloatRow<Format>};
}

template <class Format>
constexpr FormatKernels IntKernels() {
  return TURNWISE_INT_KERNELS<Format>();
}

constexpr KernelTable MakeKernelTable(const char* isa) {
  return {
      isa,
      kWeightLayout,
      kActivationColumns,
      // In the order of WeightFormat.
      {FloatKernels<Float32>(), FloatKernels<Float16>(), FloatKernels<BFloat16>(), IntKernels<Int8G32>(),
       IntKernels<Int4G32>(), IntKernels<Int4G32Min>(), IntKernels<Int5G32>(), IntKernels<Int5G32Min>(),
       IntKernels<Code4G32>(), IntKernels<Int2K16Min>(), IntKernels<Int3K16>(), IntKernels<Int4K32Min>(),
       IntKernels<Int5K32Min>(), IntKernels<Int6K16>(), IntKernels<Code4K32>(), IntKernels<Int4G32Zero>(),
       IntKernels<Int4G64Zero>(), IntKernels<Int4G128Zero>(), IntKernels<Int8G32Zero>(), IntKernels<Int8G128Zero>(),
       IntKernels<Int4G32Wide>(), IntKernels<Int8G32Wide>()},
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
