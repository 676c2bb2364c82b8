// What the linear stages share: cutting [rows of the weight] x [rows of the step] into tasks, and the
// row-major order of tasks that lets neighbours in time share a piece of the weight in cache.
#pragma once

#include <algorithm>

#include "stage_op.h"

namespace turnwise {

// Rows of the step that one task takes: their activations (2 to 4 KB a row) stay in L2 while the task
// goes through its tiles. A multiple of the 2, 3, 4 and 6 rows that kernels hold in registers.
constexpr int kMaxTokenBlock = 96;
constexpr int kTokenBlockStep = 12;
// Tasks of a stage for each thread, at least, where there are as many pieces: so that threads balance.
constexpr int kTasksPerThread = 8;
// f32 values of a strip: 32 KiB, what an L1 holds beside the operands.
constexpr int kStripFloats = 8192;

// A strip holds `columns` columns of at least one row.
constexpr size_t StripBytes(int columns) { return sizeof(float) * std::max(kStripFloats, columns); }

// Scratch memory of a product by matrix `index`.
inline size_t GemmScratchBytes(const ModelContext& model, int32_t index) {
  const PackedMatrix& w = model.matrices[index];
  return KernelsOf(*model.kernels, w.format).gemm_scratch_bytes(w.columns);
}

// The tiles of `w` that hold rows [first, first + count); first is the first row of a tile.
inline WeightRange RangeOfRows(const PackedMatrix& w, int first, int count) {
  return {w.data + static_cast<size_t>(first / kTileRows) * w.tile_bytes,
          static_cast<size_t>(TileCount(std::min(count, w.rows - first))) * w.tile_bytes};
}

// A grid of tasks: units of the weight's rows, times blocks of the step's rows.
class TaskGrid {
 public:
  struct Cell {
    int unit;
    int first_row;
    int rows;
  };

  // `strip_columns` bounds the block so that a strip holds it; 0 where no strip is used.
  void Set(int units, int rows, int strip_columns) {
    const int limit = strip_columns == 0 ? kMaxTokenBlock : std::clamp(kStripFloats / strip_columns, 1, kMaxTokenBlock);
    rows_ = rows;
    units_ = units;
    blocks_ = (rows + limit - 1) / limit;
    if (rows == 0) return;
    block_rows_ = (rows + blocks_ - 1) / blocks_;
    const int rounded = (block_rows_ + kTokenBlockStep - 1) / kTokenBlockStep * kTokenBlockStep;
    if (rounded <= limit) block_rows_ = rounded;
    blocks_ = (rows + block_rows_ - 1) / block_rows_;
  }

  int TaskCount() const { return units_ * blocks_; }
  int BlockCount() const { return blocks_; }
  int BlockOf(int task) const { return task % blocks_; }

  Cell At(int task) const {
    const int first = task % blocks_ * block_rows_;
    return {task / blocks_, first, std::min(block_rows_, rows_ - first)};
  }

 private:
  int units_ = 0;
  int rows_ = 0;
  int blocks_ = 0;
  int block_rows_ = 1;
};

// Runs the tiles of `w` that hold rows [first, first + count) (first is the first row of a tile) over
// `rows` rows of x from `first_row` on. strip[t * stride + r] is weight row first + r. `scratch` has
// GemmScratchBytes of the matrix.
inline void ProjectInto(const StepContext& step, const PackedMatrix& w, int first, int count, const BufferView& x,
                        int first_row, int rows, float* strip, size_t stride, uint8_t* scratch) {
  KernelsOf(step.kernels(), w.format)
      .gemm({&w, first / kTileRows, TileCount(count), x.Row(first_row), x.row_bytes, rows, strip, stride, scratch});
}

// strip[t][i] += bias[i] where there is a bias.
inline void AddBias(const KernelTable& kernels, const float* bias, int rows, int columns, float* strip,
                    size_t stride) {
  if (bias == nullptr) return;
  for (int row = 0; row < rows; ++row) {
    float* at = strip + row * stride;
    kernels.add(at, bias, columns, at);
  }
}

}  // namespace turnwise
