#include "sampler.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "random.h"

namespace turnwise {

class Sampler::Work final : public StagedWork {
 public:
  Work(const Sampler& sampler, const SampleBatch& batch, const float* logits, size_t stride, int rows,
       const SampleResult& result)
      : sampler_(sampler), batch_(batch), logits_(logits), stride_(stride), rows_(rows), result_(result) {}

  int StageCount() const override { return 1; }
  int TaskCount(int) const override { return rows_; }

  void RunTask(int, int row, int thread) override {
    const float* logits = logits_ + row * stride_;
    const float log_sum = sampler_.kernels_->log_sum_exp(logits, sampler_.vocab_size_);
    const int32_t forced = batch_.forced_tokens[row];
    const int32_t token = forced >= 0 ? forced : sampler_.Choose(batch_, logits, row, sampler_.scratch_[thread].get());
    result_.tokens[row] = token;
    result_.logprobs[row] = logits[token] - log_sum;
    const size_t top = static_cast<size_t>(row) * kMaxTopLogprobs;
    sampler_.ReportTop(logits, log_sum, batch_.top_logprobs[row], result_.top_tokens + top, result_.top_logprobs + top);
  }

 private:
  const Sampler& sampler_;
  const SampleBatch& batch_;
  const float* logits_;
  const size_t stride_;
  const int rows_;
  const SampleResult& result_;
};

Sampler::Sampler(const KernelTable* kernels, int32_t vocab_size, int threads)
    : kernels_(kernels), vocab_size_(vocab_size) {
  for (int thread = 0; thread < threads; ++thread) scratch_.push_back(std::make_unique<Scratch>(vocab_size));
}

void Sampler::Run(ThreadPool* pool, const SampleBatch& batch, const float* logits, size_t stride, int rows,
                  const SampleResult& result) {
  Work work(*this, batch, logits, stride, rows, result);
  pool->Run(&work);
}

int32_t Sampler::Choose(const SampleBatch& batch, const float* logits, int row, Scratch* scratch) const {
  const float* adjusted = Adjust(batch, logits, row, scratch);
  if (batch.temperature[row] > 0) return Draw(batch, adjusted, row, scratch);
  return std::clamp(kernels_->argmax(adjusted, vocab_size_), 0, vocab_size_ - 1);
}

// The logits with mask, bias and penalties; the row itself where there are none.
const float* Sampler::Adjust(const SampleBatch& batch, const float* logits, int row, Scratch* scratch) const {
  const int32_t bias_end = batch.bias_starts[row + 1];
  const int32_t history_end = batch.history_starts[row + 1];
  const uint32_t* mask = batch.MaskOf(row, vocab_size_);
  if (mask == nullptr && batch.bias_starts[row] == bias_end && batch.history_starts[row] == history_end) return logits;
  float* adjusted = scratch->logits.data();
  if (mask == nullptr) {
    std::copy(logits, logits + vocab_size_, adjusted);
  } else {
    for (int32_t token = 0; token < vocab_size_; ++token) {
      const bool allowed = (mask[token >> 5] >> (token & 31)) & 1;
      adjusted[token] = allowed ? logits[token] : -std::numeric_limits<float>::infinity();
    }
  }
  for (int32_t i = batch.bias_starts[row]; i < bias_end; ++i) adjusted[batch.bias_tokens[i]] += batch.bias_values[i];
  const float repetition = batch.repetition_penalty[row];
  // In f64 and rounded once, as the reference does.
  const double presence = batch.presence_penalty[row];
  const double frequency = batch.frequency_penalty[row];
  for (int32_t i = batch.history_starts[row]; i < history_end; ++i) {
    float& logit = adjusted[batch.history_tokens[i]];
    const int32_t count = batch.history_counts[i];
    logit = logit > 0 ? logit / repetition : logit * repetition;
    if (count > 0) logit = static_cast<float>(logit - (presence + frequency * count));
  }
  return adjusted;
}

int32_t Sampler::Draw(const SampleBatch& batch, const float* logits, int row, Scratch* scratch) const {
  const int32_t best = std::clamp(kernels_->argmax(logits, vocab_size_), 0, vocab_size_ - 1);
  const float largest = logits[best];
  // All tokens banned, or logits that are not numbers: there is no distribution to draw from.
  if (!std::isfinite(largest)) return best;
  const double uniform =
      UniformAt(batch.seed_low[row], batch.seed_high[row], static_cast<uint32_t>(batch.positions[row]));
  return scratch->choice.Choose({logits, largest, batch.temperature[row]},
                                {batch.top_k[row], batch.top_p[row], batch.min_p[row]}, uniform);
}

// The `count` largest logits, best first, ties by lower id; the rest of the row is -1.
void Sampler::ReportTop(const float* logits, float log_sum, int count, int32_t* tokens, float* logprobs) const {
  const int wanted = std::min(count, vocab_size_);
  int found = 0;
  float best[kMaxTopLogprobs];
  float threshold = -std::numeric_limits<float>::infinity();
  for (int32_t token = 0; token < vocab_size_ && wanted > 0; ++token) {
    const float logit = logits[token];
    if (found == wanted && !(logit > threshold)) continue;
    int at = found < wanted ? found++ : wanted - 1;
    for (; at > 0 && logit > best[at - 1]; --at) {
      best[at] = best[at - 1];
      tokens[at] = tokens[at - 1];
    }
    best[at] = logit;
    tokens[at] = token;
    if (found == wanted) threshold = best[wanted - 1];
  }
  for (int i = 0; i < found; ++i) logprobs[i] = best[i] - log_sum;
  for (int i = found; i < kMaxTopLogprobs; ++i) {
    tokens[i] = -1;
    logprobs[i] = -std::numeric_limits<float>::infinity();
  }
}

}  // namespace turnwise
