// What the stages of a step work with: the model's parts, which stay, and the step's rows.
#pragma once

#include <vector>

#include "../kernels/kernels.h"
#include "attention_plan.h"
#include "kv_pool.h"
#include "step_batch.h"

namespace turnwise {

// A value of the program in the arena.
struct BufferView {
  uint8_t* base;
  size_t row_bytes;
  RowDim rows;
  int32_t columns;
  ValueType type;

  uint8_t* Row(int row) const { return base + static_cast<size_t>(row) * row_bytes; }
  float* FloatRow(int row) const { return reinterpret_cast<float*>(Row(row)); }
  Q8aRow QuantizedRow(int row) const { return Q8aRowAt(Row(row), columns); }
  // f32 elements between two rows.
  size_t FloatStride() const { return row_bytes / sizeof(float); }
};

// Fixed from the executor's construction on. Owned by the executor.
struct ModelContext {
  const KernelTable* kernels;
  KvSpec kv_spec;
  int threads;
  int32_t max_tokens;
  // Memory of the stage that runs; as large as the ops ask for, null where none does.
  uint8_t* shared;
  std::vector<BufferView> buffers;
  // Both indexed by weight; the one that does not apply is empty or null.
  std::vector<PackedMatrix> matrices;
  std::vector<const float*> vectors;
  // Indexed by weight; empty but for vectors that name the columns to read, in range.
  std::vector<std::vector<int32_t>> column_orders;
  KvPool kv;
};

// Where a token's K and V go.
struct TokenSlot {
  int32_t page;
  int32_t slot;
};

// Filled once at the beginning of each step, then only read, except for the plan's partial results.
struct StepContext {
  const ModelContext* model;
  StepBatch batch;
  std::vector<TokenSlot> slots;  // [T]
  AttentionPlan attention;

  const KernelTable& kernels() const { return *model->kernels; }
  const BufferView& buffer(int32_t index) const { return model->buffers[index]; }
  const PackedMatrix& matrix(int32_t index) const { return model->matrices[index]; }
  // Null for an absent optional weight.
  const float* vector(int32_t index) const { return index < 0 ? nullptr : model->vectors[index]; }
  int Rows(RowDim rows) const {
    return static_cast<int>(rows == RowDim::kTokens ? batch.tokens.size() : batch.logit_rows.size());
  }
};

}  // namespace turnwise
