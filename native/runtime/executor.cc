#include "executor.h"

#include <chrono>
#include <cstring>
#include <limits>
#include <utility>

#include "../program/fields.h"
#include "weight_homes.h"

namespace turnwise {
namespace {

int64_t NowNs() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

StageOpPtr MakeStageOp(const ModelContext& model, const Instruction& instruction) {
  switch (instruction.opcode) {
    case Opcode::kLinear:
    case Opcode::kLinearAdd: return MakeLinearOp(model, instruction);
    case Opcode::kLinearSwiglu: return MakeLinearSwigluOp(model, instruction);
    case Opcode::kLinearQkv: return MakeLinearQkvOp(model, instruction);
    case Opcode::kAttend: return MakeAttendOp(model, instruction);
    case Opcode::kAttendReduce: return MakeAttendReduceOp(model, instruction);
    default: return MakeRowOp(model, instruction);
  }
}

// Heads of the program's attention; 0 where it has none.
int32_t AttentionHeads(const Program& program) {
  for (const Instruction& instruction : program.instructions) {
    if (instruction.opcode == Opcode::kAttend) return FieldsOf<AttendFields>(instruction).heads;
  }
  return 0;
}

}  // namespace

std::unique_ptr<Executor> Executor::Create(Program program, std::shared_ptr<WeightStore> weights,
                                           const ExecutorOptions& options, std::string* error) {
  std::unique_ptr<Executor> executor(new Executor());
  executor->program_ = std::move(program);
  executor->weights_ = std::move(weights);
  const bool ready = executor->BindWeights(error) && executor->ReadColumnOrders(error) && executor->Init(options, error);
  return ready ? std::move(executor) : nullptr;
}

Executor::~Executor() = default;

bool Executor::BindWeights(std::string* error) {
  const std::vector<Weight>& stored = weights_->weights();
  if (stored.size() != program_.weights.size()) {
    *error = "the weight store has " + std::to_string(stored.size()) + " weights, the program " +
             std::to_string(program_.weights.size());
    return false;
  }
  for (size_t i = 0; i < stored.size(); ++i) {
    const WeightSpec& spec = program_.weights[i];
    const Weight& weight = stored[i];
    const bool fits = spec.is_vector
                          ? weight.is_vector && weight.length == spec.columns
                          : !weight.is_vector && weight.matrix.rows == spec.rows &&
                                weight.matrix.columns == spec.columns && weight.matrix.format == spec.format;
    if (!fits) {
      *error = "weight " + std::to_string(i) + " of the store is not what the program expects";
      return false;
    }
    model_.matrices.push_back(weight.matrix);
    model_.vectors.push_back(weight.values);
  }
  return true;
}

// A vector that says which column to read is the only weight whose numbers could be wrong. What is checked is a copy, and
// what is used is made of that: the file behind the weights may change.
bool Executor::ReadColumnOrders(std::string* error) {
  model_.column_orders.resize(program_.weights.size());
  for (const Instruction& instruction : program_.instructions) {
    if (instruction.opcode != Opcode::kQuantize) continue;
    const auto f = FieldsOf<QuantizeFields>(instruction);
    if (f.order < 0) continue;
    std::vector<int32_t>& order = model_.column_orders[f.order];
    if (!order.empty()) continue;
    const int32_t columns = program_.weights[f.order].columns;
    std::vector<float> stored(static_cast<size_t>(columns));
    std::memcpy(stored.data(), model_.vectors[f.order], stored.size() * sizeof(float));
    for (const float column : stored) {
      // Also true of what is no number.
      if (!(column >= 0 && column <= static_cast<float>(columns - 1))) {
        *error = "weight " + std::to_string(f.order) + " names a column outside 0.." + std::to_string(columns - 1);
        return false;
      }
      order.push_back(static_cast<int32_t>(column));
    }
  }
  return true;
}

bool Executor::Init(const ExecutorOptions& options, std::string* error) {
  const int threads = options.threads;
  model_.kernels = &weights_->kernels();
  model_.kv_spec = program_.kv;
  model_.threads = threads;
  model_.max_tokens = program_.max_tokens;
  model_.shared = nullptr;
  if (!model_.kv.Allocate(program_.kv, options.pages, error)) return false;
  // Which thread will read a page is not known when it is written.
  if (options.nodes.size() > 1 && !InterleavePages(model_.kv.data(), model_.kv.bytes(), options.nodes)) {
    ++refused_ranges_;
  }
  if (!arena_.Allocate(program_.arena_bytes)) {
    *error = "the system refuses an arena of " + std::to_string(program_.arena_bytes) + " bytes";
    return false;
  }
  for (const BufferSpec& buffer : program_.buffers) {
    model_.buffers.push_back(
        {arena_.data() + buffer.offset, buffer.row_bytes, buffer.rows, buffer.columns, buffer.type});
  }
  if (!step_.attention.Init(AttentionHeads(program_), program_.kv, model_.kv.layout(), program_.max_tokens, error)) {
    return false;
  }
  step_.model = &model_;
  step_.slots.reserve(program_.max_tokens);
  BuildStages();
  size_t scratch_bytes = 64;
  size_t shared_bytes = 0;
  for (const StageOpPtr& op : ops_) {
    scratch_bytes = std::max(scratch_bytes, op->ScratchBytes());
    shared_bytes = std::max(shared_bytes, op->SharedBytes());
  }
  if (shared_bytes > 0 && !shared_.Allocate(shared_bytes)) {
    *error = "the system refuses the threads' shared memory of " + std::to_string(shared_bytes) + " bytes";
    return false;
  }
  model_.shared = shared_.data();
  scratch_.resize(threads);
  for (AlignedMemory& scratch : scratch_) {
    if (!scratch.Allocate(scratch_bytes)) {
      *error = "the system refuses the threads' scratch memory";
      return false;
    }
  }
  sampler_ = std::make_unique<Sampler>(model_.kernels, program_.vocab_size, threads);
  pool_ = std::make_unique<ThreadPool>(threads, options.spin, options.nodes);
  PlaceWeights(options.nodes);
  return true;
}

void Executor::BuildStages() {
  for (size_t i = 0; i < program_.instructions.size(); ++i) {
    const int index = static_cast<int>(i);
    if (i == 0 || program_.instructions[i].stage != program_.instructions[i - 1].stage) {
      stages_.push_back({index, index, 0});
    }
    stages_.back().last = index + 1;
    ops_.push_back(MakeStageOp(model_, program_.instructions[i]));
  }
  op_tasks_.resize(ops_.size());
  profile_.resize(ops_.size());
}

void Executor::PlaceWeights(const std::vector<NumaNode>& nodes) {
  // With one node no page has a border of two.
  const PageMover move = weights_->IsMapped() || nodes.size() == 1 ? MovePages : MoveOwnPages;
  for (const Stage& stage : stages_) {
    std::vector<const StageOp*> ops;
    for (int i = stage.first; i < stage.last; ++i) ops.push_back(ops_[i].get());
    refused_ranges_ += MoveToReaders(ops, model_, pool_->groups(), nodes, move);
  }
}

bool Executor::Step(std::string* error) {
  if (!staging_.Validate(program_, pages(), error)) return false;
  // What the step leaves behind is whole, or not there.
  logit_rows_ = 0;
  std::swap(staging_, step_.batch);
  PlaceTokens();
  step_.attention.Build(step_.batch, threads());
  if (!PrepareStages()) {
    *error = "the step is too large";
    return false;
  }
  stage_begin_ns_ = NowNs();
  pool_->Run(this);
  if (weights_->IsDamaged()) {
    *error = "the file of packed weights was truncated while it was in use; start again";
    return false;
  }
  logit_rows_ = static_cast<int>(step_.batch.logit_rows.size());
  return true;
}

void Executor::PlaceTokens() {
  const StepBatch& batch = step_.batch;
  const int32_t page_tokens = program_.kv.page_tokens;
  step_.slots.clear();
  for (int sequence = 0; sequence < batch.SequenceCount(); ++sequence) {
    const int32_t* table = batch.page_tables.data() + batch.page_table_starts[sequence];
    for (int32_t row = batch.sequence_starts[sequence]; row < batch.sequence_starts[sequence + 1]; ++row) {
      const int32_t position = batch.positions[row];
      step_.slots.push_back({table[position / page_tokens], position % page_tokens});
    }
  }
}

// False where the tasks of a stage cannot be counted; no program of a model comes near.
bool Executor::PrepareStages() {
  for (Stage& stage : stages_) {
    int64_t tasks = 0;
    for (int i = stage.first; i < stage.last; ++i) {
      op_tasks_[i] = ops_[i]->Prepare(step_);
      tasks += op_tasks_[i];
    }
    // Threads overshoot the counter by one each.
    if (tasks > std::numeric_limits<int>::max() / 2) return false;
    stage.tasks = static_cast<int>(tasks);
  }
  return true;
}

void Executor::RunTask(int stage, int task, int thread) {
  int op = stages_[stage].first;
  while (task >= op_tasks_[op]) task -= op_tasks_[op++];
  ops_[op]->Run(step_, task, scratch_[thread].data());
}

void Executor::StageDone(int index) {
  const Stage& stage = stages_[index];
  const int64_t now = NowNs();
  const double elapsed_ns = static_cast<double>(now - stage_begin_ns_);
  stage_begin_ns_ = now;
  for (int i = stage.first; i < stage.last && stage.tasks > 0; ++i) {
    profile_[i] += elapsed_ns * op_tasks_[i] / stage.tasks;
  }
}

bool Executor::Sample(const SampleResult& result, std::string* error) {
  if (!sample_staging_.Validate(logit_rows(), program_.vocab_size, error)) return false;
  const BufferView& logits = model_.buffers[program_.logits_buffer];
  sampler_->Run(pool_.get(), sample_staging_, logits.FloatRow(0), logits.FloatStride(), logit_rows(), result);
  return true;
}

const float* Executor::LogitsRow(int row) const { return model_.buffers[program_.logits_buffer].FloatRow(row); }

std::vector<double> Executor::TakeProfile() {
  std::vector<double> taken(profile_.size());
  std::swap(taken, profile_);
  return taken;
}

}  // namespace turnwise
