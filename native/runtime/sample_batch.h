// One sampling call as the executor holds it: copies of the caller's arrays. Mirrors SampleBatch and
// SampleResult in src/graph/executor.ts, which define their meaning.
#pragma once

#include <string>
#include <vector>

#include "../program/program.h"

namespace turnwise {

// MAX_TOP_LOGPROBS in executor.ts.
constexpr int kMaxTopLogprobs = 20;

struct SampleBatch {
  std::vector<float> temperature;
  std::vector<int32_t> top_k;
  std::vector<float> top_p;
  std::vector<float> min_p;
  std::vector<float> repetition_penalty;
  std::vector<float> presence_penalty;
  std::vector<float> frequency_penalty;
  std::vector<uint32_t> seed_low;
  std::vector<uint32_t> seed_high;
  std::vector<int32_t> positions;
  std::vector<int32_t> history_starts;
  std::vector<int32_t> history_tokens;
  std::vector<int32_t> history_counts;
  std::vector<int32_t> bias_starts;
  std::vector<int32_t> bias_tokens;
  std::vector<float> bias_values;
  std::vector<int32_t> mask_rows;
  std::vector<uint32_t> masks;
  std::vector<int32_t> forced_tokens;
  std::vector<int32_t> top_logprobs;

  // The mask of `row`, one bit a token, or null where all tokens may be chosen.
  const uint32_t* MaskOf(int row, int32_t vocab_size) const;
  // Whether it fits `rows` logits rows over `vocab_size` tokens; if not, names the field in `error`.
  bool Validate(int rows, int32_t vocab_size, std::string* error) const;
};

// Where the results go; sizes as in executor.ts, checked by the caller.
struct SampleResult {
  int32_t* tokens;
  float* logprobs;
  int32_t* top_tokens;
  float* top_logprobs;
};

}  // namespace turnwise
