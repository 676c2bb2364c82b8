#include "sample_batch.h"

#include <cmath>

namespace turnwise {
namespace {

template <typename T, typename Accept>
bool Each(const std::vector<T>& values, size_t count, Accept accept) {
  if (values.size() != count) return false;
  for (const T& value : values) {
    if (!accept(value)) return false;
  }
  return true;
}

bool AreStarts(const std::vector<int32_t>& starts, size_t rows, size_t end) {
  if (starts.size() != rows + 1 || starts.front() != 0 || static_cast<size_t>(starts.back()) != end) return false;
  for (size_t i = 1; i < starts.size(); ++i) {
    if (starts[i] < starts[i - 1]) return false;
  }
  return true;
}

// The name of the first field that breaks its rule, with the rule; or an empty string.
std::string FindProblem(const SampleBatch& batch, size_t rows, int32_t vocab_size) {
  const auto finite = [](float value) { return std::isfinite(value); };
  const auto any = [](auto) { return true; };
  const auto is_token = [vocab_size](int32_t token) { return token >= 0 && token < vocab_size; };
  const auto in_unit = [](float value) { return value >= 0 && value <= 1; };
  const auto not_negative = [](auto value) { return value >= 0; };
  if (!Each(batch.temperature, rows, [](float t) { return std::isfinite(t) && t >= 0; })) {
    return "temperature: one finite value >= 0 a logits row";
  }
  if (!Each(batch.top_k, rows, not_negative)) return "topK: one value >= 0 a logits row";
  if (!Each(batch.top_p, rows, in_unit)) return "topP: one value in 0..1 a logits row";
  if (!Each(batch.min_p, rows, in_unit)) return "minP: one value in 0..1 a logits row";
  if (!Each(batch.repetition_penalty, rows, [](float p) { return std::isfinite(p) && p > 0; })) {
    return "repetitionPenalty: one finite value > 0 a logits row";
  }
  if (!Each(batch.presence_penalty, rows, finite)) return "presencePenalty: one finite value a logits row";
  if (!Each(batch.frequency_penalty, rows, finite)) return "frequencyPenalty: one finite value a logits row";
  if (!Each(batch.seed_low, rows, any)) return "seedLow: one value a logits row";
  if (!Each(batch.seed_high, rows, any)) return "seedHigh: one value a logits row";
  if (!Each(batch.positions, rows, not_negative)) return "positions: one value >= 0 a logits row";
  if (!AreStarts(batch.history_starts, rows, batch.history_tokens.size())) {
    return "historyStarts must rise from 0 to the length of historyTokens";
  }
  const size_t history = batch.history_tokens.size();
  if (!Each(batch.history_tokens, history, is_token)) return "historyTokens: a token is not in the vocabulary";
  if (!Each(batch.history_counts, history, not_negative)) return "historyCounts: one value >= 0 a history token";
  if (!AreStarts(batch.bias_starts, rows, batch.bias_tokens.size())) {
    return "biasStarts must rise from 0 to the length of biasTokens";
  }
  const size_t biases = batch.bias_tokens.size();
  if (!Each(batch.bias_tokens, biases, is_token)) return "biasTokens: a token is not in the vocabulary";
  if (!Each(batch.bias_values, biases, [](float b) { return b < INFINITY; })) {
    return "biasValues: one value a bias token, finite or -Infinity";
  }
  const size_t mask_words = (static_cast<size_t>(vocab_size) + 31) / 32;
  if (batch.masks.size() % mask_words != 0) return "masks: one bit a token of the vocabulary, in whole words";
  const auto mask_count = static_cast<int64_t>(batch.masks.size() / mask_words);
  if (!Each(batch.mask_rows, rows, [&](int32_t mask) { return mask >= -1 && mask < mask_count; })) {
    return "maskRows: the number of a mask, or -1, a logits row";
  }
  if (!Each(batch.forced_tokens, rows, [&](int32_t token) { return token == -1 || is_token(token); })) {
    return "forcedTokens: one token of the vocabulary, or -1, a logits row";
  }
  if (!Each(batch.top_logprobs, rows, [](int32_t count) { return count >= 0 && count <= kMaxTopLogprobs; })) {
    return "topLogprobs: one value in 0..20 a logits row";
  }
  return "";
}

}  // namespace

const uint32_t* SampleBatch::MaskOf(int row, int32_t vocab_size) const {
  const int32_t mask = mask_rows[row];
  const size_t mask_words = (static_cast<size_t>(vocab_size) + 31) / 32;
  return mask < 0 ? nullptr : masks.data() + mask * mask_words;
}

bool SampleBatch::Validate(int rows, int32_t vocab_size, std::string* error) const {
  *error = FindProblem(*this, static_cast<size_t>(rows), vocab_size);
  return error->empty();
}

}  // namespace turnwise
