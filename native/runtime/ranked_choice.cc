#include "ranked_choice.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

namespace turnwise {
namespace {

// Buckets are 1/64 of a nat wide and reach down to exp(-32); what is less likely shares the last one.
constexpr float kBucketsPerNat = 64;
constexpr uint16_t kExcluded = 0xffff;
// Values handled at once, so that the compiler's vector loops have fixed bounds.
constexpr int kBlock = 256;

// out = exp(x) for x <= 0, within 2 ulp; anything below exp(-87), and NaN, counts as that. `count` <= kBlock.
// Range reduction and polynomial as in Cephes' expf; in passes that the compiler vectorises.
void ExpBlock(const float* x, float* out, int count) {
  constexpr float kRounder = 12582912.0f;  // 1.5 x 2^23: adding it rounds to an integer
  int32_t exponents[kBlock];
  float scales[kBlock];
  // The comparison is false for NaN, which would not survive the cast below.
  for (int i = 0; i < count; ++i) out[i] = x[i] >= -87.0f ? x[i] : -87.0f;
  for (int i = 0; i < count; ++i) {
    const float clamped = out[i];
    const float n = (clamped * 1.44269504f + kRounder) - kRounder;
    const float r = clamped - n * 0.693359375f + n * 2.12194440e-4f;
    float p = 1.9875691500e-4f;
    p = p * r + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    out[i] = p * r * r + r + 1.0f;
    exponents[i] = (static_cast<int32_t>(n) + 127) << 23;
  }
  std::memcpy(scales, exponents, sizeof(float) * count);
  for (int i = 0; i < count; ++i) out[i] *= scales[i];
}

float Weight(float scaled) {
  float weight;
  ExpBlock(&scaled, &weight, 1);
  return weight;
}

}  // namespace

RankedChoice::RankedChoice(int32_t vocab_size)
    : vocab_size_(vocab_size), bucket_of_(vocab_size), masses_(kBuckets), counts_(kBuckets) {
  entries_.reserve(vocab_size);
}

int32_t RankedChoice::Choose(const ScaledLogits& scaled, const ChoiceLimits& limits, double uniform) {
  Count(scaled);
  Prefix kept = All();
  const auto cut = [&kept](const Prefix& other) {
    if (other.bucket < kept.bucket || (other.bucket == kept.bucket && other.count < kept.count)) kept = other;
  };
  if (limits.top_k > 0) cut(OfCount(limits.top_k, scaled));
  if (limits.top_p < 1) cut(OfMass(limits.top_p * kept.mass, scaled));
  if (limits.min_p > 0) cut(OfRatio(limits.min_p, scaled));
  // The first sum above the target: the next double makes that of "reaches".
  const double target = std::nextafter(uniform * kept.mass, std::numeric_limits<double>::infinity());
  Prefix drawn = OfMass(target, scaled);
  // Sums made in different orders may differ in their last bits; the draw must not leave what is kept.
  if (drawn.bucket > kept.bucket || (drawn.bucket == kept.bucket && drawn.count > kept.count)) drawn = kept;
  SortBucket(drawn.bucket, scaled);
  return entries_[drawn.count - 1].token;
}

void RankedChoice::Count(const ScaledLogits& scaled) {
  std::fill(masses_.begin(), masses_.end(), 0.0);
  std::fill(counts_.begin(), counts_.end(), 0);
  sorted_bucket_ = -1;
  float x[kBlock];
  float weights[kBlock];
  int32_t buckets[kBlock];
  for (int32_t begin = 0; begin < vocab_size_; begin += kBlock) {
    const int count = std::min(kBlock, vocab_size_ - begin);
    for (int i = 0; i < count; ++i) x[i] = scaled.At(begin + i);
    ExpBlock(x, weights, count);
    for (int i = 0; i < count; ++i) {
      float position = x[i] * -kBucketsPerNat;
      position = position > 0 ? position : 0;
      buckets[i] = static_cast<int32_t>(position < kBuckets - 1 ? position : kBuckets - 1);
    }
    for (int i = 0; i < count; ++i) {
      // Also a NaN, which is not above minus infinity.
      if (!(x[i] > -std::numeric_limits<float>::infinity())) {
        bucket_of_[begin + i] = kExcluded;
        continue;
      }
      bucket_of_[begin + i] = static_cast<uint16_t>(buckets[i]);
      masses_[buckets[i]] += weights[i];
      counts_[buckets[i]] += 1;
    }
  }
  total_ = 0;
  for (double mass : masses_) total_ += mass;
}

void RankedChoice::SortBucket(int bucket, const ScaledLogits& scaled) {
  if (sorted_bucket_ == bucket) return;
  sorted_bucket_ = bucket;
  entries_.clear();
  for (int32_t token = 0; token < vocab_size_; ++token) {
    if (bucket_of_[token] == bucket) entries_.push_back({scaled.logits[token], Weight(scaled.At(token)), token});
  }
  std::sort(entries_.begin(), entries_.end(), [](const Entry& a, const Entry& b) {
    return a.logit != b.logit ? a.logit > b.logit : a.token < b.token;
  });
}

RankedChoice::Prefix RankedChoice::All() const {
  int bucket = kBuckets - 1;
  while (bucket > 0 && counts_[bucket] == 0) --bucket;
  return {bucket, counts_[bucket], total_};
}

RankedChoice::Prefix RankedChoice::OfCount(int32_t count, const ScaledLogits& scaled) {
  double mass = 0;
  for (int bucket = 0; bucket < kBuckets; ++bucket) {
    if (counts_[bucket] < count) {
      count -= counts_[bucket];
      mass += masses_[bucket];
      continue;
    }
    SortBucket(bucket, scaled);
    for (int32_t i = 0; i < count; ++i) mass += entries_[i].weight;
    return {bucket, count, mass};
  }
  return All();
}

// The shortest prefix, of one token at least, whose probability reaches `mass`.
RankedChoice::Prefix RankedChoice::OfMass(double mass, const ScaledLogits& scaled) {
  double sum = 0;
  for (int bucket = 0; bucket < kBuckets; ++bucket) {
    if (counts_[bucket] == 0 || sum + masses_[bucket] < mass) {
      sum += masses_[bucket];
      continue;
    }
    SortBucket(bucket, scaled);
    for (size_t i = 0; i < entries_.size(); ++i) {
      sum += entries_[i].weight;
      if (sum >= mass) return {bucket, static_cast<int>(i) + 1, sum};
    }
    return {bucket, counts_[bucket], sum};
  }
  return All();
}

// The tokens at least `ratio` times as likely as the best one.
RankedChoice::Prefix RankedChoice::OfRatio(float ratio, const ScaledLogits& scaled) {
  double sum = 0;
  Prefix kept{0, 0, 0};
  for (int bucket = 0; bucket < kBuckets; ++bucket) {
    if (counts_[bucket] == 0) continue;
    // The least that the bucket can hold, with a margin for rounding.
    const float lowest = Weight(-static_cast<float>(bucket + 1) / kBucketsPerNat) * 0.9999f;
    if (lowest < ratio || bucket == kBuckets - 1) {
      SortBucket(bucket, scaled);
      for (size_t i = 0; i < entries_.size() && entries_[i].weight >= ratio; ++i) {
        sum += entries_[i].weight;
        kept = {bucket, static_cast<int>(i) + 1, sum};
      }
      if (entries_.back().weight < ratio) return kept;
      continue;
    }
    sum += masses_[bucket];
    kept = {bucket, counts_[bucket], sum};
  }
  return kept;
}

}  // namespace turnwise
