// Draws from a softmax cut by top-k, top-p and min-p, over a whole vocabulary, without sorting it.
//
// Tokens are ordered by probability, best first, ties by lower id. All three cuts keep a prefix of that
// order, and the draw walks it until its sum exceeds u times the kept probability. A histogram over the
// logits finds the one bucket where a prefix ends; only that bucket is sorted. The reference, which sorts
// everything, is src/graph/sampler.ts.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace turnwise {

// What the softmax is taken of. `largest` is the largest logit, which is finite; minus infinity bans a
// token. `temperature` is positive.
struct ScaledLogits {
  const float* logits;
  float largest;
  float temperature;

  float At(int32_t token) const { return (logits[token] - largest) / temperature; }
};

struct ChoiceLimits {
  int32_t top_k;  // 0 = off
  float top_p;    // 1 = off; of what top_k left
  float min_p;    // 0 = off
};

class RankedChoice {
 public:
  explicit RankedChoice(int32_t vocab_size);

  // `uniform` is in [0, 1). Does not allocate.
  int32_t Choose(const ScaledLogits& scaled, const ChoiceLimits& limits, double uniform);

 private:
  static constexpr int kBuckets = 2048;

  // The best tokens up to and with number `count` of bucket `bucket`, and their probability (unnormalised).
  struct Prefix {
    int bucket;
    int count;
    double mass;
  };
  struct Entry {
    float logit;
    float weight;
    int32_t token;
  };

  void Count(const ScaledLogits& scaled);
  void SortBucket(int bucket, const ScaledLogits& scaled);
  Prefix All() const;
  Prefix OfCount(int32_t count, const ScaledLogits& scaled);
  Prefix OfMass(double mass, const ScaledLogits& scaled);
  Prefix OfRatio(float ratio, const ScaledLogits& scaled);

  const int32_t vocab_size_;
  std::vector<uint16_t> bucket_of_;
  std::vector<double> masses_;
  std::vector<int32_t> counts_;
  // The bucket that `entries_` holds in order, or -1.
  int sorted_bucket_ = -1;
  std::vector<Entry> entries_;
  double total_ = 0;
};

}  // namespace turnwise
