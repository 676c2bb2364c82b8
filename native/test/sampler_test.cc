// The sampler against what its rules say of a draw: random batches with every field in use.
#include "../runtime/sampler.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "testing.h"

namespace turnwise {
namespace test {

namespace {

constexpr int kThreads = 3;

float RandomBetween(float low, float high) { return low + (high - low) * 0.5f * (RandomFloat() + 1.0f); }

// A batch over `rows` rows. Each row has some of the fields at a value that changes nothing.
SampleBatch RandomBatch(int rows, int vocab_size) {
  SampleBatch batch;
  const int mask_words = (vocab_size + 31) / 32;
  batch.history_starts.push_back(0);
  batch.bias_starts.push_back(0);
  for (int row = 0; row < rows; ++row) {
    batch.temperature.push_back(row % 3 == 0 ? 0.0f : RandomBetween(0.1f, 2.0f));
    batch.top_k.push_back(RandomBelow(2) == 0 ? 0 : 1 + RandomBelow(2 * vocab_size));
    batch.top_p.push_back(RandomBelow(2) == 0 ? 1.0f : RandomBetween(0.0f, 1.0f));
    batch.min_p.push_back(RandomBelow(2) == 0 ? 0.0f : RandomBetween(0.0f, 0.2f));
    batch.repetition_penalty.push_back(RandomBelow(2) == 0 ? 1.0f : RandomBetween(0.5f, 2.0f));
    batch.presence_penalty.push_back(RandomBetween(-1.0f, 1.0f));
    batch.frequency_penalty.push_back(RandomBetween(-1.0f, 1.0f));
    batch.seed_low.push_back(RandomBits());
    batch.seed_high.push_back(RandomBits());
    batch.positions.push_back(RandomBelow(1000));
    for (int token = 0; token < vocab_size; ++token) {
      if (RandomBelow(8) == 0) {
        batch.history_tokens.push_back(token);
        batch.history_counts.push_back(RandomBelow(4));
      }
      if (RandomBelow(8) == 0) {
        batch.bias_tokens.push_back(token);
        batch.bias_values.push_back(RandomBelow(4) == 0 ? -std::numeric_limits<float>::infinity() : RandomFloat());
      }
    }
    batch.history_starts.push_back(static_cast<int32_t>(batch.history_tokens.size()));
    batch.bias_starts.push_back(static_cast<int32_t>(batch.bias_tokens.size()));
    batch.mask_rows.push_back(-1);
    if (RandomBelow(2) == 0) {
      batch.mask_rows.back() = static_cast<int32_t>(batch.masks.size()) / mask_words;
      // Bits behind the vocabulary are anything.
      for (int word = 0; word < mask_words; ++word) batch.masks.push_back(RandomBits());
    }
    batch.forced_tokens.push_back(RandomBelow(5) == 0 ? RandomBelow(vocab_size) : -1);
    batch.top_logprobs.push_back(RandomBelow(kMaxTopLogprobs + 1));
  }
  return batch;
}

// The logits as mask, bias and penalties leave them, in the order that src/graph/executor.ts says.
std::vector<float> Adjusted(const SampleBatch& batch, const std::vector<float>& logits, int row) {
  const size_t r = static_cast<size_t>(row);
  std::vector<float> out = logits;
  const size_t mask_words = (logits.size() + 31) / 32;
  for (size_t token = 0; token < out.size() && batch.mask_rows[r] >= 0; ++token) {
    const uint32_t word = batch.masks[static_cast<size_t>(batch.mask_rows[r]) * mask_words + token / 32];
    if ((word >> token % 32 & 1) == 0) out[token] = -std::numeric_limits<float>::infinity();
  }
  for (int i = batch.bias_starts[r]; i < batch.bias_starts[r + 1]; ++i) {
    out[static_cast<size_t>(batch.bias_tokens[static_cast<size_t>(i)])] += batch.bias_values[static_cast<size_t>(i)];
  }
  for (int i = batch.history_starts[r]; i < batch.history_starts[r + 1]; ++i) {
    float& logit = out[static_cast<size_t>(batch.history_tokens[static_cast<size_t>(i)])];
    const int count = batch.history_counts[static_cast<size_t>(i)];
    logit = logit > 0 ? logit / batch.repetition_penalty[r] : logit * batch.repetition_penalty[r];
    if (count == 0) continue;
    logit = static_cast<float>(logit - (static_cast<double>(batch.presence_penalty[r]) +
                                        static_cast<double>(batch.frequency_penalty[r]) * count));
  }
  return out;
}

// Tokens by logit, best first, ties by lower id.
std::vector<int> Ranked(const std::vector<float>& logits) {
  std::vector<int> tokens(logits.size());
  std::iota(tokens.begin(), tokens.end(), 0);
  std::stable_sort(tokens.begin(), tokens.end(), [&](int a, int b) {
    return logits[static_cast<size_t>(a)] > logits[static_cast<size_t>(b)];
  });
  return tokens;
}

void ExpectChoice(const SampleBatch& batch, const std::vector<float>& logits, int row, int32_t token) {
  const size_t r = static_cast<size_t>(row);
  if (batch.forced_tokens[r] >= 0) {
    Expect(token == batch.forced_tokens[r], "row %d: %d, forced is %d", row, token, batch.forced_tokens[r]);
    return;
  }
  const std::vector<float> adjusted = Adjusted(batch, logits, row);
  const std::vector<int> ranked = Ranked(adjusted);
  const float best = adjusted[static_cast<size_t>(ranked[0])];
  const float chosen = adjusted[static_cast<size_t>(token)];
  if (best == -std::numeric_limits<float>::infinity()) return;
  if (batch.temperature[r] == 0) {
    Expect(token == ranked[0], "row %d: %d, the best is %d", row, token, ranked[0]);
    return;
  }
  Expect(chosen > -std::numeric_limits<float>::infinity(), "row %d: %d is banned", row, token);
  const auto rank = std::find(ranked.begin(), ranked.end(), token) - ranked.begin();
  Expect(batch.top_k[r] == 0 || rank < batch.top_k[r], "row %d: %d is beyond top-k", row, token);
  const double ratio = std::exp(static_cast<double>(chosen - best) / batch.temperature[r]);
  Expect(ratio >= batch.min_p[r] * 0.999, "row %d: %d is below min-p", row, token);
}

void ExpectReport(const std::vector<float>& logits, int row, int count, const SampleResult& result) {
  double sum = 0;
  for (const float logit : logits) sum += std::exp(static_cast<double>(logit));
  const auto logprob = [&](int token) { return logits[static_cast<size_t>(token)] - std::log(sum); };
  ExpectNear(result.logprobs[row], logprob(result.tokens[row]), 1e-4, "logprob", row);
  const std::vector<int> ranked = Ranked(logits);
  for (int i = 0; i < kMaxTopLogprobs; ++i) {
    const bool is_there = i < count && i < static_cast<int>(logits.size());
    const int32_t token = result.top_tokens[row * kMaxTopLogprobs + i];
    const int expected = is_there ? ranked[static_cast<size_t>(i)] : -1;
    Expect(token == expected, "row %d: top token %d is %d, expected %d", row, i, token, expected);
    if (is_there) ExpectNear(result.top_logprobs[row * kMaxTopLogprobs + i], logprob(expected), 1e-4, "top logprob", i);
  }
}

void TestBatches(const KernelTable& kernels, int vocab_size, ThreadPool* pool) {
  BeginCase(std::string(kernels.isa) + " sampler, vocabulary of " + std::to_string(vocab_size));
  Sampler sampler(&kernels, vocab_size, kThreads);
  for (int round = 0; round < 20; ++round) {
    const int rows = 1 + RandomBelow(9);
    const size_t count = static_cast<size_t>(rows);
    const SampleBatch batch = RandomBatch(rows, vocab_size);
    std::string error;
    Expect(batch.Validate(rows, vocab_size, &error), "refused: %s", error.c_str());
    const std::vector<float> logits = RandomFloats(count * static_cast<size_t>(vocab_size), 6.0f);
    std::vector<int32_t> tokens(count), top_tokens(count * kMaxTopLogprobs);
    std::vector<float> logprobs(count), top_logprobs(count * kMaxTopLogprobs);
    const SampleResult result = {tokens.data(), logprobs.data(), top_tokens.data(), top_logprobs.data()};
    sampler.Run(pool, batch, logits.data(), static_cast<size_t>(vocab_size), rows, result);
    for (int row = 0; row < rows; ++row) {
      const auto begin = logits.begin() + static_cast<ptrdiff_t>(row) * vocab_size;
      const std::vector<float> of_row(begin, begin + vocab_size);
      const bool is_token = tokens[static_cast<size_t>(row)] >= 0 && tokens[static_cast<size_t>(row)] < vocab_size;
      Expect(is_token, "row %d: %d is no token", row, tokens[static_cast<size_t>(row)]);
      if (!is_token) continue;
      ExpectChoice(batch, of_row, row, tokens[static_cast<size_t>(row)]);
      ExpectReport(of_row, row, batch.top_logprobs[static_cast<size_t>(row)], result);
    }
  }
}

// Logits that are no numbers, or that none is above -infinity, still end in a token.
void TestBrokenLogits(const KernelTable& kernels, ThreadPool* pool) {
  BeginCase(std::string(kernels.isa) + " sampler, broken logits");
  const int vocab_size = 37;
  Sampler sampler(&kernels, vocab_size, kThreads);
  for (const float value : {static_cast<float>(NAN), INFINITY, -INFINITY}) {
    for (const int only : {-1, 0, 16, 36}) {
      std::vector<float> logits = RandomFloats(vocab_size, 1.0f);
      if (only < 0) logits.assign(logits.size(), value);
      if (only >= 0) logits[static_cast<size_t>(only)] = value;
      const SampleBatch batch = RandomBatch(1, vocab_size);
      int32_t token = -1;
      float logprob = 0;
      std::vector<int32_t> top_tokens(kMaxTopLogprobs);
      std::vector<float> top_logprobs(kMaxTopLogprobs);
      const SampleResult result = {&token, &logprob, top_tokens.data(), top_logprobs.data()};
      sampler.Run(pool, batch, logits.data(), vocab_size, 1, result);
      Expect(token >= 0 && token < vocab_size, "%d is no token", token);
    }
  }
}

}  // namespace

void TestSampler(const KernelTable& kernels) {
  ThreadPool pool(kThreads, false);
  for (const int vocab_size : {1, 2, 31, 32, 33, 255, 256, 257, 1000}) TestBatches(kernels, vocab_size, &pool);
  TestBrokenLogits(kernels, &pool);
}

}  // namespace test
}  // namespace turnwise
