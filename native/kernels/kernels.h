// The interface between the executor and the kernels: one table of function pointers per ISA level.
// Each level is its own translation unit (native/isa/*.cpp), compiled with its own flags, and is
// chosen once, when weights are packed. A kernel works on one thread, never allocates, and gives the
// same bits for a row whatever other rows it is called with.
#pragma once

#include <cstddef>
#include <cstdint>

#include "weight_formats.h"

namespace turnwise {

// Storage of K and V rows in pages. Codes of the program's header: order is part of the ABI.
enum class KvType : int32_t { kF32, kF16, kInt8 };

// A matrix [rows, columns] packed in tiles of 16 rows; rows past the end are zero. A tile holds one group
// of columns after the other (weight_formats.h); the bytes of a group are described in int_formats.h, those
// of f32, f16 and bf16 are 16 values for each column. In a vector lane r is row 16 * tile + r.
struct PackedMatrix {
  WeightFormat format;
  WeightLayout layout;
  int32_t rows;
  int32_t columns;
  const uint8_t* data;  // 64-byte aligned
  size_t tile_bytes;
};

constexpr int TileCount(int rows) { return (rows + kTileRows - 1) / kTileRows; }
size_t PackedTileBytes(WeightFormat format, int32_t columns);

// The parts of one q8a row of `columns` columns (a multiple of 32).
struct Q8aRow {
  int8_t* values;
  float* scales;  // one per 32, equal within KernelTable::activation_columns
  int16_t* sums;  // one per 16: sum of the values; both of a group are read as one word
  float* scaled_sums;  // one per 32: sum of the values times their scale

  // What lies from a column on, a multiple of 32.
  Q8aRow From(int column) const {
    const int group = column / kQuantGroup;
    return {values + column, scales + group, sums + 2 * group, scaled_sums + group};
  }
};
inline Q8aRow Q8aRowAt(uint8_t* row, int columns) {
  const int groups = columns / kQuantGroup;
  float* scales = reinterpret_cast<float*>(row + columns);
  return {reinterpret_cast<int8_t*>(row), scales, reinterpret_cast<int16_t*>(scales + groups), scales + 2 * groups};
}
constexpr size_t Q8aRowBytes(int columns) {
  return static_cast<size_t>(columns) + static_cast<size_t>(columns / kQuantGroup) * 12;
}

// out[t * stride + r] = dot(row 16 * tile_begin + r of w, x[t]) for t < tokens, r < 16 * tile_count.
struct GemmTask {
  const PackedMatrix* w;
  int tile_begin;
  int tile_count;
  // Rows of the format's operand type.
  const uint8_t* x;
  size_t x_row_bytes;
  int tokens;
  float* out;
  size_t stride;
  // Per-thread memory of the format's gemm_scratch_bytes, 64-byte aligned; null where that is 0.
  uint8_t* scratch;
};

// The kernels of one weight format.
struct FormatKernels {
  void (*gemm)(const GemmTask& task);
  // Of a task over any number of tokens and tiles of a matrix of so many columns.
  size_t (*gemm_scratch_bytes)(int32_t columns);
  // out[k] = w[row][k].
  void (*unpack_row)(const PackedMatrix& w, int row, float* out);
};

// Where K and V of one (layer, KV head) lie in a page; all parts begin at multiples of 64 bytes.
//   K  f32/f16: [page_tokens / 16][head_dim][16 tokens].
//      int8: [page_tokens / 16][ceil(head_dim / 4)][16 tokens][4 dims], each int8 + 128.
//   V  f32/f16: [page_tokens][padded_dim].
//      int8: [page_tokens / 4][padded_dim / 16][16 dims][4 tokens], int8.
//   int8 only: one f32 scale per token for K and for V; value = scale * int8, scale = max|x| / 127.
// padded_dim = head_dim rounded up to 16; padding is zero (int8 K: 128).
struct PageLayout {
  KvType type;
  int32_t page_tokens;  // a multiple of 16
  int32_t head_dim;     // a multiple of 2
  int32_t padded_dim;
  size_t k_offset;
  size_t v_offset;
  size_t k_scales_offset;
  size_t v_scales_offset;
  size_t block_bytes;  // one (layer, KV head)
};
PageLayout MakePageLayout(KvType type, int32_t page_tokens, int32_t head_dim);

// Attention of some query rows over the pages of one split. Row i attends positions
// first_position .. min(last_positions[i], first_position + page_count * page_tokens - 1); the caller
// gives only rows that attend at least one position here.
struct AttendTask {
  const PageLayout* layout;
  const uint8_t* const* blocks;  // [page_count + pages_ahead] this layer's and KV head's block of each page
  int32_t page_count;
  // Behind those, what the thread's next task reads: it is asked for while this one runs.
  int32_t pages_ahead;
  int32_t first_position;
  int32_t rows;
  const float* const* queries;     // [rows] head_dim floats each
  const int32_t* last_positions;   // [rows]
  float scale;
  // Results, unnormalised: o = sum(2^(s - max) * v), sum = sum(2^(s - max)), of scores s = scale * log2(e) * dot.
  float* outputs;  // [rows, padded_dim]
  float* maxima;   // [rows]
  float* sums;     // [rows]
  // Per-thread memory of at least AttendScratchBytes(rows, layout) bytes, 64-byte aligned.
  uint8_t* scratch;
  // Whether the last task in `scratch` had the same rows and queries: what it made of them is used again.
  bool same_queries;
};
size_t AttendScratchBytes(int32_t rows, const PageLayout& layout);

struct KernelTable {
  const char* isa;

  // How it wants weights packed.
  WeightLayout weight_layout;
  // Columns of a q8a row that share a scale, a multiple of kQuantGroup: quantize makes rows so, and products
  // rely on it.
  int32_t activation_columns;
  // Indexed by WeightFormat.
  FormatKernels formats[kWeightFormatCount];

  void (*rms_norm)(const float* x, const float* weight, int columns, float epsilon, float* out);
  void (*quantize)(const float* x, int columns, Q8aRow out);
  // Rotates pairs (i, i + head_dim / 2) of one head in place; table holds cos then sin, head_dim / 2 each.
  void (*rope)(float* head, const float* table, int head_dim);
  void (*swiglu)(const float* gate, const float* up, int columns, float* out);
  void (*add)(const float* a, const float* b, int columns, float* out);

  // Writes one token's K and V (head_dim floats each) to slot `slot` of a block.
  void (*store_kv)(const PageLayout& layout, uint8_t* block, int slot, const float* k, const float* v);
  void (*attend)(const AttendTask& task);
  // Folds partial b into a: a becomes the attention over both ranges. All of head_dim floats.
  void (*merge_attention)(float* o_a, float* max_a, float* sum_a, const float* o_b, float max_b, float sum_b,
                          int head_dim);
  // out = o / sum.
  void (*finish_attention)(const float* o, float sum, int head_dim, float* out);

  // Sampling: index of the largest (lowest index on a tie), and log(sum(exp(x))).
  int32_t (*argmax)(const float* x, int count);
  float (*log_sum_exp)(const float* x, int count);
};

inline const FormatKernels& KernelsOf(const KernelTable& kernels, WeightFormat format) {
  return kernels.formats[static_cast<int>(format)];
}

// Null where this binary or this CPU lacks the level. Names: "scalar", "avx2", "avx-vnni", "avx512-vnni", "neon-dotprod",
// "neon-i8mm".
const KernelTable* FindKernels(const char* isa);
// Name of the index-th level that FindKernels finds here, best last; null past the last one.
const char* IsaLevelName(int index);
// The index-th level of this binary, also where this CPU lacks it: to be looked at, not called.
const KernelTable* CompiledKernels(int index);

}  // namespace turnwise
