// Chooses a token from each logits row of a step; what SampleBatch in src/graph/executor.ts defines.
#pragma once

#include <memory>
#include <vector>

#include "../kernels/kernels.h"
#include "ranked_choice.h"
#include "sample_batch.h"
#include "thread_pool.h"

namespace turnwise {

class Sampler {
 public:
  Sampler(const KernelTable* kernels, int32_t vocab_size, int threads);

  // Rows in parallel on the pool. `batch` is valid for `rows` rows; row r begins at
  // logits + r * stride. The logits stay as they are.
  void Run(ThreadPool* pool, const SampleBatch& batch, const float* logits, size_t stride, int rows,
           const SampleResult& result);

 private:
  class Work;
  // One thread's memory for a row.
  struct Scratch {
    explicit Scratch(int32_t vocab_size) : logits(vocab_size), choice(vocab_size) {}
    std::vector<float> logits;
    RankedChoice choice;
  };

  int32_t Choose(const SampleBatch& batch, const float* logits, int row, Scratch* scratch) const;
  const float* Adjust(const SampleBatch& batch, const float* logits, int row, Scratch* scratch) const;
  int32_t Draw(const SampleBatch& batch, const float* logits, int row, Scratch* scratch) const;
  void ReportTop(const float* logits, float log_sum, int count, int32_t* tokens, float* logprobs) const;

  const KernelTable* kernels_;
  const int32_t vocab_size_;
  std::vector<std::unique_ptr<Scratch>> scratch_;
};

}  // namespace turnwise
