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
      items_.push_back({sequence, head, first, tokens, position, splits, 0, -1});
      total_cost_ += CostOf(items_.back());
    }
  }
}

void AttentionPlan::ShareSplits(const StepBatch& batch, int threads) {
  for (int32_t leader = 0; leader < batch.SequenceCount();) {
    int32_t splits = 0;
    const int32_t sharers = SharersFrom(batch, leader, &splits);
    if (splits > 0) ShareItems(token_blocks_[batch.sequence_starts[leader]] * kv_heads_, sharers, splits, threads);
    leader += sharers;
  }
}

// The items of `sharers` sequences, a block of tokens each, from the item `first` on.
void AttentionPlan::ShareItems(int32_t first, int32_t sharers, int32_t splits, int threads) {
  for (int32_t head = 0; head < kv_heads_; ++head) {
    const AttentionTask whole = {first + head, -1, sharers};
    int64_t cost = 0;
    for (int32_t i = 0; i < sharers; ++i) {
      AttentionItem& item = items_[first + head + i * kv_heads_];
      item.shared_splits = splits;
      cost += CostOf(item);
    }
    if (IsLong(cost, threads) && TakePartials(whole)) {
      for (int32_t split = 0; split < splits; ++split) tasks_.push_back({whole.item, split, sharers});
    } else {
      tasks_.push_back(whole);
    }
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

// Memory for the partial results of all splits of a task's items; false, and nothing taken, where there is no more.
bool AttentionPlan::TakePartials(const AttentionTask& task) {
  size_t end = used_;
  for (int32_t i = 0; i < task.items; ++i) end += PartialFloats(ItemAt(task, i).tokens) * ItemAt(task, i).splits;
  if (end * sizeof(float) > kPartialBytes) return false;
  for (int32_t i = 0; i < task.items; ++i) {
    AttentionItem& item = items_[task.item + i * kv_heads_];
    item.partials = static_cast<int64_t>(used_);
    used_ += PartialFloats(item.tokens) * item.splits;
  }
  return true;
}

// Later items of a sequence are longer: going backwards hands out the long ones first.
void AttentionPlan::CutItems(int threads) {
  for (int32_t index = static_cast<int32_t>(items_.size()) - 1; index >= 0; --index) {
    const AttentionItem& item = items_[index];
    const AttentionTask whole = {index, -1, 1};
    if (item.shared_splits == 0) {
      const bool cut = item.splits > 1 && IsLong(CostOf(item), threads) && TakePartials(whole);
      if (!cut) tasks_.push_back(whole);
    }
    for (int32_t split = item.shared_splits; split < item.splits && item.partials >= 0; ++split) {
      tasks_.push_back({index, split, 1});
    }
  }
}

}  // namespace turnwise
