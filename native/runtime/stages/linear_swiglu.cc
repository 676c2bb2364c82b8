// linear_swiglu: out = silu(x G^T) * (x U^T), quantised in the epilogue where out is q8a.
#include <atomic>

#include "../../program/fields.h"
#include "projection.h"

namespace turnwise {
namespace {

// Columns at once: whole quantisation groups, and whole tiles.
constexpr int kUnit = kQuantGroup;
static_assert(kUnit % kTileRows == 0);
// A row of the strip: gate, then up.
constexpr int kStride = 2 * kUnit;
// Units of a task: several, since those of neighbours write to the same lines of a row, which then go from core to core.
constexpr int kMaxTaskUnits = 8;

// Where activations share a scale over more columns than a task has, tasks leave f32 in the shared memory, and the
// last one of such a run of columns quantises it: tasks stay as small as 64 and more threads want them.
class QuantizedRuns {
 public:
  void Set(int run_columns, int columns) {
    run_columns_ = run_columns;
    columns_ = columns;
  }
  bool Needed() const { return run_columns_ > kUnit; }

  void Prepare(int blocks) {
    blocks_ = blocks;
    const size_t count = static_cast<size_t>(Runs()) * static_cast<size_t>(blocks);
    if (count > capacity_) {
      done_ = std::make_unique<std::atomic<int>[]>(count);
      capacity_ = count;
    }
    for (size_t i = 0; i < count; ++i) done_[i].store(0, std::memory_order_relaxed);
  }

  // Of the run that holds `column`: whether this call is the last of its units, for a block of rows.
  bool Finish(int column, int block) const {
    const int run = column / run_columns_;
    const int width = std::min(run_columns_, columns_ - run * run_columns_);
    const size_t at = static_cast<size_t>(run) * static_cast<size_t>(blocks_) + static_cast<size_t>(block);
    // Acquires what the run's other tasks have written, and releases what this one has.
    return done_[at].fetch_add(1, std::memory_order_acq_rel) + 1 == (width + kUnit - 1) / kUnit;
  }

  void Quantize(const KernelTable& kernels, const float* row, int column, const Q8aRow& whole) const {
    const int first = column / run_columns_ * run_columns_;
    kernels.quantize(row + first, std::min(run_columns_, columns_ - first), whole.From(first));
  }

 private:
  int Runs() const { return (columns_ + run_columns_ - 1) / run_columns_; }

  int run_columns_ = kUnit;
  int columns_ = 0;
  int blocks_ = 0;
  size_t capacity_ = 0;
  std::unique_ptr<std::atomic<int>[]> done_;
};

class LinearSwigluOp final : public StageOp {
 public:
  LinearSwigluOp(const ModelContext& model, LinearSwigluFields f)
      : f_(f),
        gemm_bytes_(std::max(GemmScratchBytes(model, f.gate), GemmScratchBytes(model, f.up))),
        columns_(model.buffers[f.out].columns),
        task_columns_(std::clamp(columns_ / kUnit / (model.threads * kTasksPerThread), 1, kMaxTaskUnits) * kUnit) {
    const BufferView& out = model.buffers[f.out];
    if (out.type != ValueType::kQ8a) return;
    runs_.Set(model.kernels->activation_columns, out.columns);
    if (runs_.Needed()) shared_bytes_ = sizeof(float) * static_cast<size_t>(model.max_tokens) * out.columns;
  }

  // The strip, then the products' own.
  size_t ScratchBytes() const override { return StripBytes(kStride) + gemm_bytes_; }
  size_t SharedBytes() const override { return shared_bytes_; }

  int UnitCount() const override { return (columns_ + task_columns_ - 1) / task_columns_; }
  void ListUnitWeights(const ModelContext& model, int unit, std::vector<WeightRange>* ranges) const override {
    for (const int32_t weight : {f_.gate, f_.up}) {
      ranges->push_back(RangeOfRows(model.matrices[weight], unit * task_columns_, task_columns_));
    }
  }

  int Prepare(const StepContext& step) override {
    grid_.Set(UnitCount(), step.Rows(step.buffer(f_.x).rows), kStride);
    if (runs_.Needed()) runs_.Prepare(grid_.BlockCount());
    return grid_.TaskCount();
  }

  void Run(StepContext& step, int task, uint8_t* scratch) const override {
    const TaskGrid::Cell cell = grid_.At(task);
    const int begin = cell.unit * task_columns_;
    const int end = std::min(begin + task_columns_, columns_);
    for (int first = begin; first < end; first += kUnit) RunUnit(step, cell, grid_.BlockOf(task), first, scratch);
  }

 private:
  // Columns from `first` on.
  void RunUnit(StepContext& step, const TaskGrid::Cell& cell, int block, int first, uint8_t* scratch) const {
    const BufferView& x = step.buffer(f_.x);
    const BufferView& out = step.buffer(f_.out);
    const int columns = std::min(kUnit, columns_ - first);
    float* gate = reinterpret_cast<float*>(scratch);
    float* up = gate + kUnit;
    uint8_t* gemm = scratch + StripBytes(kStride);
    ProjectInto(step, step.matrix(f_.gate), first, columns, x, cell.first_row, cell.rows, gate, kStride, gemm);
    ProjectInto(step, step.matrix(f_.up), first, columns, x, cell.first_row, cell.rows, up, kStride, gemm);
    for (int row = 0; row < cell.rows; ++row) {
      Store(step, cell.first_row + row, first, columns, gate + row * kStride, up + row * kStride);
    }
    if (!runs_.Needed() || !runs_.Finish(first, block)) return;
    for (int row = cell.first_row; row < cell.first_row + cell.rows; ++row) {
      runs_.Quantize(step.kernels(), SharedRow(step, row), first, out.QuantizedRow(row));
    }
  }

  float* SharedRow(const StepContext& step, int row) const {
    const size_t columns = static_cast<size_t>(step.buffer(f_.out).columns);
    return reinterpret_cast<float*>(step.model->shared) + static_cast<size_t>(row) * columns;
  }

  void Store(const StepContext& step, int row, int first, int columns, float* gate, const float* up) const {
    const KernelTable& kernels = step.kernels();
    const BufferView& out = step.buffer(f_.out);
    if (out.type == ValueType::kF32) {
      kernels.swiglu(gate, up, columns, out.FloatRow(row) + first);
      return;
    }
    if (runs_.Needed()) {
      kernels.swiglu(gate, up, columns, SharedRow(step, row) + first);
      return;
    }
    kernels.swiglu(gate, up, columns, gate);
    kernels.quantize(gate, columns, out.QuantizedRow(row).From(first));
  }

  LinearSwigluFields f_;
  const size_t gemm_bytes_;
  const int columns_;
  // Of a task.
  const int task_columns_;
  size_t shared_bytes_ = 0;
  TaskGrid grid_;
  QuantizedRuns runs_;
};

}  // namespace

StageOpPtr MakeLinearSwigluOp(const ModelContext& model, const Instruction& instruction) {
  return std::make_unique<LinearSwigluOp>(model, FieldsOf<LinearSwigluFields>(instruction));
}

}  // namespace turnwise
