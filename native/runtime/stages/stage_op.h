// One instruction as the executor runs it. An op cuts its work into tasks that may run at the same
// time on any thread; how it is cut never changes a result.
#pragma once

#include <algorithm>
#include <memory>
#include <vector>

#include "../step_context.h"

namespace turnwise {

struct WeightRange {
  const uint8_t* begin;
  size_t bytes;
};

class StageOp {
 public:
  virtual ~StageOp() = default;
  // Bytes that Run needs of its thread's scratch memory, for any step.
  virtual size_t ScratchBytes() const { return 0; }
  // Bytes of the memory that the tasks of one stage share (ModelContext::shared), for any step.
  virtual size_t SharedBytes() const { return 0; }
  // Parts of equal size of the rows of its weights, in the order in which tasks take them; 0 where it has no matrix.
  virtual int UnitCount() const { return 0; }
  // Adds the weights that a unit reads.
  virtual void ListUnitWeights(const ModelContext& /*model*/, int /*unit*/, std::vector<WeightRange>* /*ranges*/) const {}
  // Called once at the beginning of a step, on one thread; returns the number of tasks.
  virtual int Prepare(const StepContext& step) = 0;
  // `scratch` is 64-byte aligned and the thread's own. Does not allocate.
  virtual void Run(StepContext& step, int task, uint8_t* scratch) const = 0;
};

// An op whose tasks are runs of rows.
class RowsOp : public StageOp {
 public:
  explicit RowsOp(RowDim dim) : dim_(dim) {}

  int Prepare(const StepContext& step) final {
    rows_ = step.Rows(dim_);
    // Four runs a thread let a slow thread leave work to the others.
    rows_per_task_ = std::max(1, rows_ / (step.model->threads * 4));
    return (rows_ + rows_per_task_ - 1) / rows_per_task_;
  }

  void Run(StepContext& step, int task, uint8_t* scratch) const final {
    const int end = std::min(rows_, (task + 1) * rows_per_task_);
    for (int row = task * rows_per_task_; row < end; ++row) RunRow(step, row, scratch);
  }

 protected:
  virtual void RunRow(StepContext& step, int row, uint8_t* scratch) const = 0;

 private:
  const RowDim dim_;
  int rows_ = 0;
  int rows_per_task_ = 1;
};

using StageOpPtr = std::unique_ptr<StageOp>;

// One maker per family, in the file named after it; the instruction has been verified.
StageOpPtr MakeRowOp(const ModelContext& model, const Instruction& instruction);
StageOpPtr MakeLinearOp(const ModelContext& model, const Instruction& instruction);
StageOpPtr MakeLinearSwigluOp(const ModelContext& model, const Instruction& instruction);
StageOpPtr MakeLinearQkvOp(const ModelContext& model, const Instruction& instruction);
StageOpPtr MakeAttendOp(const ModelContext& model, const Instruction& instruction);
StageOpPtr MakeAttendReduceOp(const ModelContext& model, const Instruction& instruction);

}  // namespace turnwise
