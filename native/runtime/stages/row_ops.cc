// The ops that work on one row at a time: embedding, RoPE table, norms, quantisation, element-wise ops,
// the unfused RoPE and KV store, and the gathering of logit rows.
#include <cmath>
#include <cstring>

#include "../../program/fields.h"
#include "stage_op.h"

namespace turnwise {
namespace {

class EmbedOp final : public RowsOp {
 public:
  explicit EmbedOp(EmbedFields f) : RowsOp(RowDim::kTokens), f_(f) {}
  void RunRow(StepContext& step, int row, uint8_t*) const override {
    const PackedMatrix& w = step.matrix(f_.weight);
    KernelsOf(step.kernels(), w.format).unpack_row(w, step.batch.tokens[row], step.buffer(f_.out).FloatRow(row));
  }

 private:
  EmbedFields f_;
};

// The angle is an f32 product, as the model's authors computed it; its cosine and sine are those of
// that f32 number, rounded once.
class RopeTableOp final : public RowsOp {
 public:
  explicit RopeTableOp(RopeTableFields f) : RowsOp(RowDim::kTokens), f_(f) {}
  void RunRow(StepContext& step, int row, uint8_t*) const override {
    const int half = step.model->kv_spec.head_dim / 2;
    const float* frequencies = step.vector(f_.frequencies);
    const float position = static_cast<float>(step.batch.positions[row]);
    float* table = step.buffer(f_.out).FloatRow(row);
    for (int i = 0; i < half; ++i) {
      const float angle = position * frequencies[i];
      table[i] = static_cast<float>(std::cos(static_cast<double>(angle)));
      table[half + i] = static_cast<float>(std::sin(static_cast<double>(angle)));
    }
  }

 private:
  RopeTableFields f_;
};

class RmsNormOp final : public RowsOp {
 public:
  RmsNormOp(const ModelContext& model, RmsNormFields f) : RowsOp(model.buffers[f.x].rows), f_(f) {
    if (model.buffers[f.out].type == ValueType::kQ8a) scratch_bytes_ = model.buffers[f.x].row_bytes;
  }
  size_t ScratchBytes() const override { return scratch_bytes_; }
  void RunRow(StepContext& step, int row, uint8_t* scratch) const override {
    const BufferView& out = step.buffer(f_.out);
    const bool quantized = out.type == ValueType::kQ8a;
    float* normed = quantized ? reinterpret_cast<float*>(scratch) : out.FloatRow(row);
    const float* x = step.buffer(f_.x).FloatRow(row);
    const int width = out.columns / f_.groups;
    for (int begin = 0; begin < out.columns; begin += width) {
      step.kernels().rms_norm(x + begin, step.vector(f_.weight), width, f_.epsilon, normed + begin);
    }
    if (quantized) step.kernels().quantize(normed, out.columns, out.QuantizedRow(row));
  }

 private:
  RmsNormFields f_;
  size_t scratch_bytes_ = 0;
};

class QuantizeOp final : public RowsOp {
 public:
  QuantizeOp(const ModelContext& model, QuantizeFields f)
      : RowsOp(model.buffers[f.x].rows), f_(f), order_(f.order < 0 ? nullptr : model.column_orders[f.order].data()) {
    if (order_ != nullptr) scratch_bytes_ = static_cast<size_t>(model.buffers[f.x].columns) * sizeof(float);
  }
  size_t ScratchBytes() const override { return scratch_bytes_; }
  void RunRow(StepContext& step, int row, uint8_t* scratch) const override {
    const BufferView& out = step.buffer(f_.out);
    const float* x = step.buffer(f_.x).FloatRow(row);
    if (order_ != nullptr) {
      float* gathered = reinterpret_cast<float*>(scratch);
      for (int i = 0; i < out.columns; ++i) gathered[i] = x[order_[i]];
      x = gathered;
    }
    step.kernels().quantize(x, out.columns, out.QuantizedRow(row));
  }

 private:
  QuantizeFields f_;
  // Column of x that becomes each one; null where they stay.
  const int32_t* order_;
  size_t scratch_bytes_ = 0;
};

class RopeOp final : public RowsOp {
 public:
  explicit RopeOp(RopeFields f) : RowsOp(RowDim::kTokens), f_(f) {}
  void RunRow(StepContext& step, int row, uint8_t*) const override {
    const BufferView& x = step.buffer(f_.x);
    const BufferView& out = step.buffer(f_.out);
    const int head_dim = step.model->kv_spec.head_dim;
    const float* table = step.buffer(f_.table).FloatRow(row);
    float* rotated = out.FloatRow(row);
    if (f_.out != f_.x) std::memmove(rotated, x.FloatRow(row), sizeof(float) * x.columns);
    for (int head = 0; head < f_.heads; ++head) step.kernels().rope(rotated + head * head_dim, table, head_dim);
  }

 private:
  RopeFields f_;
};

class KvStoreOp final : public RowsOp {
 public:
  explicit KvStoreOp(KvStoreFields f) : RowsOp(RowDim::kTokens), f_(f) {}
  void RunRow(StepContext& step, int row, uint8_t*) const override {
    const KvSpec& spec = step.model->kv_spec;
    const KvPool& kv = step.model->kv;
    const TokenSlot& slot = step.slots[row];
    const float* k = step.buffer(f_.k).FloatRow(row);
    const float* v = step.buffer(f_.v).FloatRow(row);
    for (int head = 0; head < spec.kv_heads; ++head) {
      step.kernels().store_kv(kv.layout(), kv.Block(slot.page, f_.layer, head), slot.slot, k + head * spec.head_dim,
                              v + head * spec.head_dim);
    }
  }

 private:
  KvStoreFields f_;
};

class SwigluOp final : public RowsOp {
 public:
  SwigluOp(const ModelContext& model, SwigluFields f) : RowsOp(model.buffers[f.out].rows), f_(f) {}
  void RunRow(StepContext& step, int row, uint8_t*) const override {
    const BufferView& out = step.buffer(f_.out);
    step.kernels().swiglu(step.buffer(f_.gate).FloatRow(row), step.buffer(f_.up).FloatRow(row), out.columns,
                          out.FloatRow(row));
  }

 private:
  SwigluFields f_;
};

class AddOp final : public RowsOp {
 public:
  AddOp(const ModelContext& model, AddFields f) : RowsOp(model.buffers[f.out].rows), f_(f) {}
  void RunRow(StepContext& step, int row, uint8_t*) const override {
    const BufferView& out = step.buffer(f_.out);
    step.kernels().add(step.buffer(f_.a).FloatRow(row), step.buffer(f_.b).FloatRow(row), out.columns,
                       out.FloatRow(row));
  }

 private:
  AddFields f_;
};

class GatherRowsOp final : public RowsOp {
 public:
  explicit GatherRowsOp(GatherRowsFields f) : RowsOp(RowDim::kLogitRows), f_(f) {}
  void RunRow(StepContext& step, int row, uint8_t*) const override {
    const BufferView& x = step.buffer(f_.x);
    const BufferView& out = step.buffer(f_.out);
    std::memmove(out.Row(row), x.Row(step.batch.logit_rows[row]), std::min(x.row_bytes, out.row_bytes));
  }

 private:
  GatherRowsFields f_;
};

}  // namespace

StageOpPtr MakeRowOp(const ModelContext& model, const Instruction& instruction) {
  switch (instruction.opcode) {
    case Opcode::kEmbed: return std::make_unique<EmbedOp>(FieldsOf<EmbedFields>(instruction));
    case Opcode::kRopeTable: return std::make_unique<RopeTableOp>(FieldsOf<RopeTableFields>(instruction));
    case Opcode::kRmsNorm: return std::make_unique<RmsNormOp>(model, FieldsOf<RmsNormFields>(instruction));
    case Opcode::kQuantize: return std::make_unique<QuantizeOp>(model, FieldsOf<QuantizeFields>(instruction));
    case Opcode::kRope: return std::make_unique<RopeOp>(FieldsOf<RopeFields>(instruction));
    case Opcode::kKvStore: return std::make_unique<KvStoreOp>(FieldsOf<KvStoreFields>(instruction));
    case Opcode::kSwiglu: return std::make_unique<SwigluOp>(model, FieldsOf<SwigluFields>(instruction));
    case Opcode::kAdd: return std::make_unique<AddOp>(model, FieldsOf<AddFields>(instruction));
    case Opcode::kGatherRows: return std::make_unique<GatherRowsOp>(FieldsOf<GatherRowsFields>(instruction));
    default: return nullptr;
  }
}

}  // namespace turnwise
