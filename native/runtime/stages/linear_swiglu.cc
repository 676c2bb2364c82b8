// linear_swiglu: out = silu(x G^T) * (x U^T), quantised in the epilogue where out is q8a.
#include "../../program/fields.h"
#include "projection.h"

namespace turnwise {
namespace {

// Columns of a task: whole quantisation groups, and whole tiles.
constexpr int kUnit = kQuantGroup;
static_assert(kUnit % kTileRows == 0);
// A row of the strip: gate, then up.
constexpr int kStride = 2 * kUnit;

class LinearSwigluOp final : public StageOp {
 public:
  LinearSwigluOp(const ModelContext& model, LinearSwigluFields f)
      : f_(f), gemm_bytes_(std::max(GemmScratchBytes(model, f.gate), GemmScratchBytes(model, f.up))) {}

  // The strip, then the products' own.
  size_t ScratchBytes() const override { return StripBytes(kStride) + gemm_bytes_; }

  int Prepare(const StepContext& step) override {
    const int columns = step.buffer(f_.out).columns;
    grid_.Set((columns + kUnit - 1) / kUnit, step.Rows(step.buffer(f_.x).rows), kStride);
    return grid_.TaskCount();
  }

  void Run(StepContext& step, int task, uint8_t* scratch) const override {
    const TaskGrid::Cell cell = grid_.At(task);
    const BufferView& x = step.buffer(f_.x);
    const BufferView& out = step.buffer(f_.out);
    const int first = cell.unit * kUnit;
    const int columns = std::min(kUnit, out.columns - first);
    float* gate = reinterpret_cast<float*>(scratch);
    float* up = gate + kUnit;
    uint8_t* gemm = scratch + StripBytes(kStride);
    ProjectInto(step, step.matrix(f_.gate), first, columns, x, cell.first_row, cell.rows, gate, kStride, gemm);
    ProjectInto(step, step.matrix(f_.up), first, columns, x, cell.first_row, cell.rows, up, kStride, gemm);
    for (int row = 0; row < cell.rows; ++row) {
      Store(step.kernels(), out, cell.first_row + row, first, columns, gate + row * kStride, up + row * kStride);
    }
  }

 private:
  static void Store(const KernelTable& kernels, const BufferView& out, int row, int first, int columns, float* gate,
                    const float* up) {
    if (out.type == ValueType::kF32) {
      kernels.swiglu(gate, up, columns, out.FloatRow(row) + first);
      return;
    }
    kernels.swiglu(gate, up, columns, gate);
    const Q8aRow whole = out.QuantizedRow(row);
    const int group = first / kQuantGroup;
    kernels.quantize(gate, columns, {whole.values + first, whole.scales + group, whole.sums + 2 * group});
  }

  LinearSwigluFields f_;
  const size_t gemm_bytes_;
  TaskGrid grid_;
};

}  // namespace

StageOpPtr MakeLinearSwigluOp(const ModelContext& model, const Instruction& instruction) {
  return std::make_unique<LinearSwigluOp>(model, FieldsOf<LinearSwigluFields>(instruction));
}

}  // namespace turnwise
