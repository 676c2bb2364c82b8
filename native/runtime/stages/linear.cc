// linear and linear_add: out = x W^T (+ bias) (+ residual).
#include "../../program/fields.h"
#include "projection.h"

namespace turnwise {
namespace {

// Tiles in a task: few, so that threads balance; several, so that a one-row product has enough
// independent accumulators and the hand-out costs nothing.
constexpr int kMinTiles = 2;
constexpr int kMaxTiles = 8;

class LinearOp final : public StageOp {
 public:
  LinearOp(const ModelContext& model, LinearAddFields f, bool has_residual)
      : f_(f),
        has_residual_(has_residual),
        gemm_bytes_(GemmScratchBytes(model, f.weight)),
        all_tiles_(TileCount(model.matrices[f.weight].rows)),
        tiles_(std::clamp(all_tiles_ / (model.threads * kTasksPerThread), kMinTiles, kMaxTiles)) {}

  // Without an epilogue the product goes straight to its place: rows of a buffer are padded to 64
  // bytes, so that the last tile's unused lanes land in the row's own padding.
  bool UsesStrip() const { return has_residual_; }

  // The strip, if any, then the product's own.
  size_t ScratchBytes() const override { return StripPartBytes() + gemm_bytes_; }

  int UnitCount() const override { return (all_tiles_ + tiles_ - 1) / tiles_; }
  void ListUnitWeights(const ModelContext& model, int unit, std::vector<WeightRange>* ranges) const override {
    ranges->push_back(RangeOfRows(model.matrices[f_.weight], unit * tiles_ * kTileRows, tiles_ * kTileRows));
  }

  int Prepare(const StepContext& step) override {
    grid_.Set(UnitCount(), step.Rows(step.buffer(f_.x).rows), UsesStrip() ? tiles_ * kTileRows : 0);
    return grid_.TaskCount();
  }

  void Run(StepContext& step, int task, uint8_t* scratch) const override {
    const TaskGrid::Cell cell = grid_.At(task);
    const PackedMatrix& w = step.matrix(f_.weight);
    const BufferView& out = step.buffer(f_.out);
    const int first = cell.unit * tiles_ * kTileRows;
    const int columns = std::min(tiles_ * kTileRows, w.rows - first);
    float* strip = UsesStrip() ? reinterpret_cast<float*>(scratch) : out.FloatRow(cell.first_row) + first;
    const size_t stride = UsesStrip() ? static_cast<size_t>(tiles_) * kTileRows : out.FloatStride();
    ProjectInto(step, w, first, columns, step.buffer(f_.x), cell.first_row, cell.rows, strip, stride,
                scratch + StripPartBytes());
    const float* bias = step.vector(f_.bias);
    AddBias(step.kernels(), bias == nullptr ? nullptr : bias + first, cell.rows, columns, strip, stride);
    if (!has_residual_) return;
    const BufferView& residual = step.buffer(f_.residual);
    for (int row = 0; row < cell.rows; ++row) {
      const int at = cell.first_row + row;
      step.kernels().add(strip + row * stride, residual.FloatRow(at) + first, columns, out.FloatRow(at) + first);
    }
  }

 private:
  size_t StripPartBytes() const { return UsesStrip() ? StripBytes(kMaxTiles * kTileRows) : 0; }

  LinearAddFields f_;
  const bool has_residual_;
  const size_t gemm_bytes_;
  const int all_tiles_;
  // Of a task.
  const int tiles_;
  TaskGrid grid_;
};

}  // namespace

StageOpPtr MakeLinearOp(const ModelContext& model, const Instruction& instruction) {
  if (instruction.opcode == Opcode::kLinearAdd) {
    return std::make_unique<LinearOp>(model, FieldsOf<LinearAddFields>(instruction), true);
  }
  const auto f = FieldsOf<LinearFields>(instruction);
  return std::make_unique<LinearOp>(model, LinearAddFields{f.x, f.weight, f.bias, -1, f.out}, false);
}

}  // namespace turnwise
