// Runs a program: one Step for the whole model over a mixed batch, one Sample for its logits. Owns the
// arena, the KV pages and the threads; shares the weights. Not thread-safe: one caller at a time.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "sampler.h"
#include "stages/stage_op.h"
#include "step_context.h"
#include "thread_pool.h"
#include "weight_store.h"

namespace turnwise {

struct ExecutorOptions {
  int threads;
  // Whether threads may spin at barriers before they park.
  bool spin;
  // Of the KV pool.
  int32_t pages;
  // Where the threads stay and the weights lie, no more nodes than threads; without any both are where the system puts them.
  std::vector<NumaNode> nodes;
};

class Executor final : private StagedWork {
 public:
  // Null with a reason where the program is invalid, does not fit the weights, or memory is refused.
  static std::unique_ptr<Executor> Create(Program program, std::shared_ptr<WeightStore> weights,
                                          const ExecutorOptions& options, std::string* error);
  ~Executor() override;

  // Where the caller puts the next step's batch; keeps its capacity from step to step.
  StepBatch* staging() { return &staging_; }
  // Runs the staged batch. False with a reason: one that names a field leaves all as it was, after any other, and after
  // an exception, there are no logits.
  bool Step(std::string* error);

  // The same for sampling. `result` is written only where true is returned.
  SampleBatch* sample_staging() { return &sample_staging_; }
  bool Sample(const SampleResult& result, std::string* error);

  // Logits rows of the last step; 0 where it failed.
  int logit_rows() const { return logit_rows_; }
  const float* LogitsRow(int row) const;

  // Pages must be in range.
  void CopyPage(int32_t from, int32_t to) { model_.kv.CopyPage(from, to); }

  // Nanoseconds in each instruction since the last call: the calling thread's time in a stage, shared
  // out by tasks where a stage has several instructions.
  std::vector<double> TakeProfile();

  const Program& program() const { return program_; }
  int threads() const { return pool_->threads(); }
  int32_t pages() const { return model_.kv.pages(); }
  size_t kv_bytes() const { return model_.kv.bytes(); }
  size_t arena_bytes() const { return arena_.size() + shared_.size(); }
  // What the system did not place on its NUMA node; it works where it is, with far memory.
  int refused_threads() const { return pool_->refusals(); }
  int refused_ranges() const { return refused_ranges_; }

 private:
  // Instructions that run at the same time: [first, last) of ops_.
  struct Stage {
    int first;
    int last;
    int tasks;
  };

  Executor() = default;
  bool BindWeights(std::string* error);
  bool Init(const ExecutorOptions& options, std::string* error);
  bool ReadColumnOrders(std::string* error);
  void BuildStages();
  void PlaceWeights(const std::vector<NumaNode>& nodes);
  void PlaceTokens();
  bool PrepareStages();

  int StageCount() const override { return static_cast<int>(stages_.size()); }
  int TaskCount(int stage) const override { return stages_[stage].tasks; }
  void RunTask(int stage, int task, int thread) override;
  void StageDone(int stage) override;

  Program program_;
  std::shared_ptr<WeightStore> weights_;
  ModelContext model_;
  AlignedMemory arena_;
  AlignedMemory shared_;
  std::vector<StageOpPtr> ops_;
  std::vector<int> op_tasks_;
  std::vector<Stage> stages_;
  StepBatch staging_;
  SampleBatch sample_staging_;
  StepContext step_;
  int logit_rows_ = 0;
  int refused_ranges_ = 0;
  std::vector<AlignedMemory> scratch_;
  std::unique_ptr<Sampler> sampler_;
  std::vector<double> profile_;
  int64_t stage_begin_ns_ = 0;
  // Last, so that its threads end before what they use.
  std::unique_ptr<ThreadPool> pool_;
};

}  // namespace turnwise
