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
  page_tokens_ = spec.page_tokens;
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
  used_ = 0;
  for (int32_t sequence = 0; sequence < batch.SequenceCount(); ++sequence) AddItems(batch, sequence);
  ShareSplits(batch, threads);
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
      items_.push_back({sequence, head, first, tokens, position, splits, 0, false, -1});
      total_cost_ += CostOf(items_.back());
    }
  }
}

void AttentionPlan::ShareSplits(const StepBatch& batch, int threads) {
  for (int32_t leader = 0; leader < batch.SequenceCount();) {
    int32_t splits = 0;
    const int32_t sharers = SharersFrom(batch, leader, &splits);
    const int32_t first = token_blocks_[batch.sequence_starts[leader]] * kv_heads_;
    const size_t used_before = used_;
    bool fits = splits > 0;
    for (int32_t i = 0; i < sharers * kv_heads_ && fits; ++i) fits = TakePartials(&items_[first + i]);
    if (splits > 0 && !fits) {
      used_ = used_before;
      for (int32_t i = 0; i < sharers * kv_heads_; ++i) items_[first + i].partials = -1;
      splits = 0;
    }
    int64_t tokens = 0;
    for (int32_t i = 0; i < sharers; ++i) tokens += items_[first + i * kv_heads_].tokens;
    const bool folded = splits > 0 && !IsLong(tokens * splits * kAttentionSplitTokens, threads);
    for (int32_t i = 0; i < sharers * kv_heads_; ++i) {
      items_[first + i].shared_splits = splits;
      items_[first + i].shared_are_folded = folded;
    }
    for (int32_t head = 0; head < kv_heads_; ++head) {
      if (folded) tasks_.push_back({first + head, -1, sharers});
      for (int32_t split = 0; split < splits && !folded; ++split) tasks_.push_back({first + head, split, sharers});
    }
    leader += sharers;
  }
}

// How many sequences from `leader` on have a block of tokens each, together no more than one task keeps rows of, and
// share the first splits; how many those are. 1 and 0 where none do.
int32_t AttentionPlan::SharersFrom(const StepBatch& batch, int32_t leader, int32_t* splits) const {
  const auto tokens_of = [&](int32_t sequence) {
    return batch.sequence_starts[sequence + 1] - batch.sequence_starts[sequence];
  };
  int32_t tokens = tokens_of(leader);
  int32_t next = leader + 1;
  for (; next < batch.SequenceCount() && tokens + tokens_of(next) <= block_tokens_; ++next) {
    const int32_t common = CommonSplits(batch, leader, next);
    // Those that share less would have the others read more by themselves.
    if (common == 0 || common < *splits) break;
    if (next == leader + 1) *splits = common;
    tokens += tokens_of(next);
  }
  return next - leader;
}

// Splits that lie before both sequences' tokens, in the same pages.
int32_t AttentionPlan::CommonSplits(const StepBatch& batch, int32_t a, int32_t b) const {
  const int32_t position =
      std::min(batch.positions[batch.sequence_starts[a]], batch.positions[batch.sequence_starts[b]]);
  const int32_t split_pages = kAttentionSplitTokens / page_tokens_;
  const int32_t* pages = batch.page_tables.data() + batch.page_table_starts[a];
  const int32_t* others = batch.page_tables.data() + batch.page_table_starts[b];
  const int32_t* end = pages + position / kAttentionSplitTokens * split_pages;
  return static_cast<int32_t>(std::mismatch(pages, end, others).first - pages) / split_pages;
}

// Memory for the partial results of all splits of an item; false where there is no more.
bool AttentionPlan::TakePartials(AttentionItem* item) {
  const size_t floats = PartialFloats(item->tokens) * item->splits;
  if ((used_ + floats) * sizeof(float) > kPartialBytes) return false;
  item->partials = static_cast<int64_t>(used_);
  used_ += floats;
  return true;
}

// An item is cut where it is long: more than half of one thread's share. Later items of a sequence are
// longer: going backwards hands out the long ones first.
void AttentionPlan::CutItems(int threads) {
  for (int32_t index = static_cast<int32_t>(items_.size()) - 1; index >= 0; --index) {
    AttentionItem& item = items_[index];
    const bool is_long = item.splits > 1 && IsLong(CostOf(item), threads);
    if (item.shared_splits == 0 && !(is_long && TakePartials(&item))) {
      tasks_.push_back({index, -1, 1});
      continue;
    }
    for (int32_t split = item.shared_splits; split < item.splits; ++split) tasks_.push_back({index, split, 1});
  }
}

}  // namespace turnwise
