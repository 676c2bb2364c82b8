// One Check function per opcode. A check that fails keeps the first problem; nothing is thrown.
#include "verify.h"

#include <cmath>

#include "fields.h"

namespace turnwise {
namespace {

constexpr int32_t kMaxQueryHeads = 1 << 14;

class Verifier {
 public:
  explicit Verifier(const Program& program) : program_(program) {}

  bool Run(std::string* error) {
    for (size_t i = 0; i < program_.instructions.size() && problem_.empty(); ++i) {
      CheckStage(i);
      Check(program_.instructions[i]);
      if (!problem_.empty()) problem_ = "instruction " + std::to_string(i) + ": " + problem_;
    }
    if (problem_.empty() && pending_attend_ >= 0) problem_ = "attend has no attend_reduce";
    if (problem_.empty()) {
      const BufferSpec* logits = Buffer(program_.logits_buffer, ValueType::kF32);
      Expect(logits != nullptr && logits->rows == RowDim::kLogitRows && logits->columns == program_.vocab_size,
             "logits must be f32 [logitRows, vocabulary]");
    }
    *error = problem_;
    return problem_.empty();
  }

 private:
  bool Expect(bool condition, const char* problem) {
    if (!condition && problem_.empty()) problem_ = problem;
    return condition;
  }

  void CheckStage(size_t index) {
    const int32_t previous = index == 0 ? 0 : program_.instructions[index - 1].stage;
    Expect(program_.instructions[index].stage >= previous, "stages must not go back");
  }

  const BufferSpec* Buffer(int32_t index) {
    if (!Expect(index >= 0 && static_cast<size_t>(index) < program_.buffers.size(), "no such buffer")) return nullptr;
    return &program_.buffers[index];
  }

  const BufferSpec* Buffer(int32_t index, ValueType type) {
    const BufferSpec* buffer = Buffer(index);
    return buffer != nullptr && Expect(buffer->type == type, "buffer has the wrong type") ? buffer : nullptr;
  }

  // A value that an epilogue may leave quantised.
  const BufferSpec* FloatOrQ8a(int32_t index) {
    const BufferSpec* buffer = Buffer(index);
    return buffer != nullptr && Expect(buffer->type != ValueType::kI32, "buffer has the wrong type") ? buffer : nullptr;
  }

  const WeightSpec* Weight(int32_t index) {
    if (!Expect(index >= 0 && static_cast<size_t>(index) < program_.weights.size(), "no such weight")) return nullptr;
    return &program_.weights[index];
  }

  const WeightSpec* Matrix(int32_t index) {
    const WeightSpec* weight = Weight(index);
    return weight != nullptr && Expect(!weight->is_vector, "weight is not a matrix") ? weight : nullptr;
  }

  void CheckVector(int32_t index, int32_t length) {
    const WeightSpec* weight = Weight(index);
    if (weight == nullptr) return;
    Expect(weight->is_vector, "weight is not a vector");
    Expect(weight->columns == length, "vector has the wrong length");
  }

  void CheckOptionalVector(int32_t index, int32_t length) {
    if (index != -1) CheckVector(index, length);
  }

  void CheckEpsilon(float epsilon) {
    Expect(std::isfinite(epsilon) && epsilon >= 0, "epsilon is not a finite non-negative number");
  }

  bool SameRows(const BufferSpec* a, const BufferSpec* b) {
    return a != nullptr && b != nullptr && Expect(a->rows == b->rows, "row dimensions differ");
  }

  bool SameShape(const BufferSpec* a, const BufferSpec* b) {
    return SameRows(a, b) && Expect(a->columns == b->columns, "columns differ");
  }

  bool RowsAreTokens(const BufferSpec* buffer) {
    return buffer != nullptr && Expect(buffer->rows == RowDim::kTokens, "rows must be tokens");
  }

  // The operand of a projection: its type follows from the weight's format.
  void CheckOperand(const BufferSpec* x, const WeightSpec* weight) {
    if (x == nullptr || weight == nullptr) return;
    const bool integer = InfoOf(weight->format).operand == OperandType::kQ8a;
    Expect(x->type == (integer ? ValueType::kQ8a : ValueType::kF32), "x has the wrong type for the weight's format");
    Expect(x->columns == weight->columns, "x and weight columns differ");
  }

  // Returns the matrix that projects x, with `rows` output rows.
  void CheckProjection(int32_t x, int32_t weight, int32_t bias, int32_t rows) {
    const WeightSpec* matrix = Matrix(weight);
    CheckOperand(Buffer(x), matrix);
    if (matrix == nullptr) return;
    Expect(matrix->rows == rows, "weight rows and output columns differ");
    CheckOptionalVector(bias, matrix->rows);
  }

  bool CheckHeads(const BufferSpec* buffer, int32_t heads) {
    return buffer != nullptr && Expect(heads >= 1 && heads <= kMaxQueryHeads, "heads out of range") &&
           Expect(buffer->columns == heads * program_.kv.head_dim, "columns are not heads x head dimension");
  }

  bool CheckLayer(int32_t layer) { return Expect(layer >= 0 && layer < program_.kv.layers, "no such KV layer"); }

  void CheckRopeTable(int32_t index) {
    const BufferSpec* table = Buffer(index, ValueType::kF32);
    if (RowsAreTokens(table)) Expect(table->columns == program_.kv.head_dim, "RoPE table has the wrong width");
  }

  int32_t KvColumns() const { return program_.kv.kv_heads * program_.kv.head_dim; }

  void Check(const Instruction& instruction);
  void CheckEmbed(const EmbedFields& f);
  void CheckRopeTableOp(const RopeTableFields& f);
  void CheckRmsNorm(const RmsNormFields& f);
  void CheckLinear(const LinearFields& f);
  void CheckLinearAdd(const LinearAddFields& f);
  void CheckLinearSwiglu(const LinearSwigluFields& f);
  void CheckLinearQkv(const LinearQkvFields& f);
  void CheckRope(const RopeFields& f);
  void CheckKvStore(const KvStoreFields& f);
  void CheckAttend(const AttendFields& f);
  void CheckAttendReduce(const AttendReduceFields& f);
  void CheckElementwise(int32_t a, int32_t b, int32_t out);
  void CheckGatherRows(const GatherRowsFields& f);

  const Program& program_;
  std::string problem_;
  // Output buffer of the attend that waits for its attend_reduce, or -1.
  int32_t pending_attend_ = -1;
  // Heads of every attend of the program: one KV group, one group size.
  int32_t attend_heads_ = 0;
};

void Verifier::Check(const Instruction& instruction) {
  switch (instruction.opcode) {
    case Opcode::kEmbed: return CheckEmbed(FieldsOf<EmbedFields>(instruction));
    case Opcode::kRopeTable: return CheckRopeTableOp(FieldsOf<RopeTableFields>(instruction));
    case Opcode::kRmsNorm: return CheckRmsNorm(FieldsOf<RmsNormFields>(instruction));
    case Opcode::kQuantize: {
      const auto f = FieldsOf<QuantizeFields>(instruction);
      const BufferSpec* x = Buffer(f.x, ValueType::kF32);
      if (SameShape(x, Buffer(f.out, ValueType::kQ8a))) CheckOptionalVector(f.order, x->columns);
      return;
    }
    case Opcode::kLinear: return CheckLinear(FieldsOf<LinearFields>(instruction));
    case Opcode::kLinearAdd: return CheckLinearAdd(FieldsOf<LinearAddFields>(instruction));
    case Opcode::kLinearSwiglu: return CheckLinearSwiglu(FieldsOf<LinearSwigluFields>(instruction));
    case Opcode::kLinearQkv: return CheckLinearQkv(FieldsOf<LinearQkvFields>(instruction));
    case Opcode::kRope: return CheckRope(FieldsOf<RopeFields>(instruction));
    case Opcode::kKvStore: return CheckKvStore(FieldsOf<KvStoreFields>(instruction));
    case Opcode::kAttend: return CheckAttend(FieldsOf<AttendFields>(instruction));
    case Opcode::kAttendReduce: return CheckAttendReduce(FieldsOf<AttendReduceFields>(instruction));
    case Opcode::kSwiglu: {
      const auto f = FieldsOf<SwigluFields>(instruction);
      return CheckElementwise(f.gate, f.up, f.out);
    }
    case Opcode::kAdd: {
      const auto f = FieldsOf<AddFields>(instruction);
      return CheckElementwise(f.a, f.b, f.out);
    }
    case Opcode::kGatherRows: return CheckGatherRows(FieldsOf<GatherRowsFields>(instruction));
    case Opcode::kCount: break;
  }
  Expect(false, "unknown opcode");
}

void Verifier::CheckEmbed(const EmbedFields& f) {
  const WeightSpec* weight = Matrix(f.weight);
  const BufferSpec* out = Buffer(f.out, ValueType::kF32);
  if (!RowsAreTokens(out) || weight == nullptr) return;
  Expect(weight->rows >= program_.vocab_size, "embedding has fewer rows than the vocabulary");
  Expect(weight->columns == out->columns, "columns differ");
}

void Verifier::CheckRopeTableOp(const RopeTableFields& f) {
  CheckVector(f.frequencies, program_.kv.head_dim / 2);
  CheckRopeTable(f.out);
}

void Verifier::CheckRmsNorm(const RmsNormFields& f) {
  const BufferSpec* x = Buffer(f.x, ValueType::kF32);
  if (!SameShape(x, FloatOrQ8a(f.out))) return;
  if (!Expect(f.groups >= 1 && x->columns % f.groups == 0, "columns do not divide into groups")) return;
  CheckVector(f.weight, x->columns / f.groups);
  CheckEpsilon(f.epsilon);
}

void Verifier::CheckLinear(const LinearFields& f) {
  const BufferSpec* out = Buffer(f.out, ValueType::kF32);
  if (SameRows(Buffer(f.x), out)) CheckProjection(f.x, f.weight, f.bias, out->columns);
}

void Verifier::CheckLinearAdd(const LinearAddFields& f) {
  const BufferSpec* out = Buffer(f.out, ValueType::kF32);
  if (!SameRows(Buffer(f.x), out)) return;
  SameShape(out, Buffer(f.residual, ValueType::kF32));
  CheckProjection(f.x, f.weight, f.bias, out->columns);
}

void Verifier::CheckLinearSwiglu(const LinearSwigluFields& f) {
  const BufferSpec* out = FloatOrQ8a(f.out);
  if (!SameRows(Buffer(f.x), out)) return;
  CheckProjection(f.x, f.gate, -1, out->columns);
  CheckProjection(f.x, f.up, -1, out->columns);
}

void Verifier::CheckLinearQkv(const LinearQkvFields& f) {
  const BufferSpec* out = Buffer(f.out, ValueType::kF32);
  if (!RowsAreTokens(out) || !SameRows(Buffer(f.x), out) || !CheckLayer(f.layer)) return;
  CheckHeads(out, out->columns / program_.kv.head_dim);
  CheckProjection(f.x, f.q, f.q_bias, out->columns);
  CheckProjection(f.x, f.k, f.k_bias, KvColumns());
  CheckProjection(f.x, f.v, f.v_bias, KvColumns());
  CheckOptionalVector(f.q_norm, program_.kv.head_dim);
  CheckOptionalVector(f.k_norm, program_.kv.head_dim);
  CheckEpsilon(f.epsilon);
  CheckRopeTable(f.rope_table);
}

void Verifier::CheckRope(const RopeFields& f) {
  const BufferSpec* x = Buffer(f.x, ValueType::kF32);
  if (!RowsAreTokens(x)) return;
  SameShape(x, Buffer(f.out, ValueType::kF32));
  CheckHeads(x, f.heads);
  CheckRopeTable(f.table);
}

void Verifier::CheckKvStore(const KvStoreFields& f) {
  const BufferSpec* k = Buffer(f.k, ValueType::kF32);
  if (!RowsAreTokens(k) || !SameShape(k, Buffer(f.v, ValueType::kF32)) || !CheckLayer(f.layer)) return;
  Expect(k->columns == KvColumns(), "columns are not KV heads x head dimension");
}

void Verifier::CheckAttend(const AttendFields& f) {
  const BufferSpec* q = Buffer(f.q, ValueType::kF32);
  if (!RowsAreTokens(q) || !SameShape(q, Buffer(f.out, ValueType::kF32)) || !CheckLayer(f.layer)) return;
  if (!CheckHeads(q, f.heads)) return;
  Expect(f.heads % program_.kv.kv_heads == 0, "heads are not a multiple of KV heads");
  Expect(attend_heads_ == 0 || attend_heads_ == f.heads, "every attend of a program has the same heads");
  Expect(std::isfinite(f.scale), "scale is not finite");
  Expect(pending_attend_ < 0, "attend follows an attend without attend_reduce");
  pending_attend_ = f.out;
  attend_heads_ = f.heads;
}

void Verifier::CheckAttendReduce(const AttendReduceFields& f) {
  const BufferSpec* x = Buffer(f.x, ValueType::kF32);
  const BufferSpec* out = FloatOrQ8a(f.out);
  if (!RowsAreTokens(x) || !SameShape(x, out)) return;
  Expect(out->type == ValueType::kQ8a || f.x == f.out, "an f32 result of attend_reduce is its own operand");
  Expect(pending_attend_ == f.x && attend_heads_ == f.heads, "attend_reduce does not match the attend before it");
  pending_attend_ = -1;
}

void Verifier::CheckElementwise(int32_t a, int32_t b, int32_t out) {
  const BufferSpec* first = Buffer(a, ValueType::kF32);
  SameShape(first, Buffer(b, ValueType::kF32));
  SameShape(first, Buffer(out, ValueType::kF32));
}

void Verifier::CheckGatherRows(const GatherRowsFields& f) {
  const BufferSpec* x = Buffer(f.x);
  const BufferSpec* out = Buffer(f.out);
  if (!RowsAreTokens(x) || out == nullptr) return;
  Expect(out->rows == RowDim::kLogitRows, "rows of the result must be logit rows");
  Expect(x->type == out->type && x->columns == out->columns, "types or columns differ");
}

}  // namespace

bool VerifyInstructions(const Program& program, std::string* error) { return Verifier(program).Run(error); }

}  // namespace turnwise
