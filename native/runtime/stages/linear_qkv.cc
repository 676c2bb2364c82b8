// linear_qkv: projects Q, K and V; norms the heads of Q and K where there are weights for it; rotates
// both; writes Q to its buffer and K and V to the pages.
// A unit is a whole number of heads and of tiles, so that an epilogue sees whole heads. K and V of a
// head are one unit's work: a page's block takes both together.
#include <numeric>

#include "../../program/fields.h"
#include "projection.h"

namespace turnwise {
namespace {

class LinearQkvOp final : public StageOp {
 public:
  LinearQkvOp(const ModelContext& model, LinearQkvFields f)
      : f_(f),
        head_dim_(model.kv_spec.head_dim),
        unit_rows_(std::lcm(head_dim_, kTileRows)),
        q_units_(UnitCount(model.matrices[f.q].rows)),
        kv_units_(UnitCount(model.matrices[f.k].rows)),
        gemm_bytes_(std::max({GemmScratchBytes(model, f.q), GemmScratchBytes(model, f.k),
                              GemmScratchBytes(model, f.v)})) {}

  // The strip, then the products' own.
  size_t ScratchBytes() const override { return StripBytes(Stride()) + gemm_bytes_; }

  int UnitCount() const override { return q_units_ + kv_units_; }
  void ListUnitWeights(const ModelContext& model, int unit, std::vector<WeightRange>* ranges) const override {
    if (unit >= kv_units_) {
      ranges->push_back(RangeOfRows(model.matrices[f_.q], (unit - kv_units_) * unit_rows_, unit_rows_));
      return;
    }
    for (const int32_t weight : {f_.k, f_.v}) {
      ranges->push_back(RangeOfRows(model.matrices[weight], unit * unit_rows_, unit_rows_));
    }
  }

  int Prepare(const StepContext& step) override {
    grid_.Set(UnitCount(), step.Rows(RowDim::kTokens), Stride());
    return grid_.TaskCount();
  }

  // K and V cost twice a Q unit: they come first, so that the last tasks of the stage are small.
  void Run(StepContext& step, int task, uint8_t* scratch) const override {
    const TaskGrid::Cell cell = grid_.At(task);
    if (cell.unit < kv_units_) {
      RunKv(step, cell, cell.unit * unit_rows_, scratch);
    } else {
      RunQ(step, cell, (cell.unit - kv_units_) * unit_rows_, scratch);
    }
  }

 private:
  int UnitCount(int rows) const { return (rows + unit_rows_ - 1) / unit_rows_; }
  // A row of the strip: K then V.
  int Stride() const { return 2 * unit_rows_; }

  void Project(const StepContext& step, const TaskGrid::Cell& cell, int32_t weight, int32_t bias_index, int first,
               int columns, float* strip, uint8_t* gemm) const {
    ProjectInto(step, step.matrix(weight), first, columns, step.buffer(f_.x), cell.first_row, cell.rows, strip,
                Stride(), gemm);
    const float* bias = step.vector(bias_index);
    AddBias(step.kernels(), bias == nullptr ? nullptr : bias + first, cell.rows, columns, strip, Stride());
  }

  // One head of Q or K, after its projection: the norm where there is one, then RoPE.
  void FinishHead(const StepContext& step, const float* norm, const float* table, float* head) const {
    if (norm != nullptr) step.kernels().rms_norm(head, norm, head_dim_, f_.epsilon, head);
    step.kernels().rope(head, table, head_dim_);
  }

  void RunQ(const StepContext& step, const TaskGrid::Cell& cell, int first, uint8_t* scratch) const {
    float* strip = reinterpret_cast<float*>(scratch);
    uint8_t* gemm = scratch + StripBytes(Stride());
    const BufferView& out = step.buffer(f_.out);
    const BufferView& table = step.buffer(f_.rope_table);
    const float* norm = step.vector(f_.q_norm);
    const int columns = std::min(unit_rows_, out.columns - first);
    Project(step, cell, f_.q, f_.q_bias, first, columns, strip, gemm);
    for (int row = 0; row < cell.rows; ++row) {
      float* q = strip + static_cast<size_t>(row) * Stride();
      const int at = cell.first_row + row;
      for (int i = 0; i < columns; i += head_dim_) FinishHead(step, norm, table.FloatRow(at), q + i);
      std::copy(q, q + columns, out.FloatRow(at) + first);
    }
  }

  void RunKv(const StepContext& step, const TaskGrid::Cell& cell, int first, uint8_t* scratch) const {
    float* strip = reinterpret_cast<float*>(scratch);
    uint8_t* gemm = scratch + StripBytes(Stride());
    const BufferView& table = step.buffer(f_.rope_table);
    const KvPool& kv = step.model->kv;
    const float* norm = step.vector(f_.k_norm);
    const int columns = std::min(unit_rows_, step.matrix(f_.k).rows - first);
    Project(step, cell, f_.k, f_.k_bias, first, columns, strip, gemm);
    Project(step, cell, f_.v, f_.v_bias, first, columns, strip + unit_rows_, gemm);
    for (int row = 0; row < cell.rows; ++row) {
      float* k = strip + static_cast<size_t>(row) * Stride();
      const float* v = k + unit_rows_;
      const int at = cell.first_row + row;
      const TokenSlot& slot = step.slots[at];
      for (int i = 0; i < columns; i += head_dim_) {
        FinishHead(step, norm, table.FloatRow(at), k + i);
        uint8_t* block = kv.Block(slot.page, f_.layer, (first + i) / head_dim_);
        step.kernels().store_kv(kv.layout(), block, slot.slot, k + i, v + i);
      }
    }
  }

  LinearQkvFields f_;
  const int head_dim_;
  const int unit_rows_;
  const int q_units_;
  const int kv_units_;
  const size_t gemm_bytes_;
  TaskGrid grid_;
};

}  // namespace

StageOpPtr MakeLinearQkvOp(const ModelContext& model, const Instruction& instruction) {
  return std::make_unique<LinearQkvOp>(model, FieldsOf<LinearQkvFields>(instruction));
}

}  // namespace turnwise
