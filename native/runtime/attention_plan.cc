#include "attention_plan.h"

#include <algorithm>

namespace turnwise {
namespace {

// Partial results of items that do not fit are not stored: those items are one task each.
constexpr size_t kPartialBytes = size_t{32} << 20;

// Query-position pairs of an item: what its time is proportional to.
int64_t CostOf(const AttentionItem& item) {
  return static_cast<int64_t>(item.tokens) * (item.first_position + item.tokens);
}

}  // namespace

bool AttentionPlan::Init(int32_t heads, const KvSpec& spec, const PageLayout& layout, int32_t max_tokens,
                         std::string* error) {
  if (heads == 0) return true;
  kv_heads_ = spec.kv_heads;
  group_ = heads / spec.kv_heads;
  padded_dim_ = layout.padded_dim;
  block_tokens_ = std::max(1, kMaxAttentionRows / group_);
  token_blocks_.reserve(max_tokens);
  if (memory_.Allocate(kPartialBytes)) return true;
  *error = "the system refuses the memory for attention's partial results";
  return false;
}

size_t AttentionPlan::PartialFloats(int32_t tokens) const {
  constexpr size_t kLine = 64 / sizeof(float);
  const size_t floats = static_cast<size_t>(tokens) * group_ * (padded_dim_ + 2);
  return (floats + kLine - 1) / kLine * kLine;
}

void AttentionPlan::Build(const StepBatch& batch, int threads) {
  if (group_ == 0) return;
  items_.clear();
  tasks_.clear();
  token_blocks_.clear();
  total_cost_ = 0;
  for (int32_t sequence = 0; sequence < batch.SequenceCount(); ++sequence) AddItems(batch, sequence);
  CutItems(threads);
}

void AttentionPlan::AddItems(const StepBatch& batch, int32_t sequence) {
  const int32_t end = batch.sequence_starts[sequence + 1];
  for (int32_t first = batch.sequence_starts[sequence]; first < end; first += block_tokens_) {
    const int32_t tokens = std::min(block_tokens_, end - first);
    const int32_t block = static_cast<int32_t>(items_.size() / kv_heads_);
    token_blocks_.insert(token_blocks_.end(), tokens, block);
    const int32_t position = batch.positions[first];
    const int32_t splits = (position + tokens - 1) / kAttentionSplitTokens + 1;
    for (int32_t head = 0; head < kv_heads_; ++head) {
      items_.push_back({sequence, head, first, tokens, position, splits, -1});
      total_cost_ += CostOf(items_.back());
    }
  }
}

// An item is cut where it is more than half of one thread's share. Later items of a sequence are
// longer: going backwards hands out the long ones first.
void AttentionPlan::CutItems(int threads) {
  size_t used = 0;
  for (int32_t index = static_cast<int32_t>(items_.size()) - 1; index >= 0; --index) {
    AttentionItem& item = items_[index];
    const size_t floats = PartialFloats(item.tokens) * item.splits;
    const bool is_long = threads > 1 && item.splits > 1 && CostOf(item) * 2 * threads > total_cost_;
    if (!is_long || (used + floats) * sizeof(float) > kPartialBytes) {
      tasks_.push_back({index, -1});
      continue;
    }
    item.partials = static_cast<int64_t>(used);
    used += floats;
    for (int32_t split = 0; split < item.splits; ++split) tasks_.push_back({index, split});
  }
}

}  // namespace turnwise
