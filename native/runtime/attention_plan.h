// How the attention of one step is cut: into items of (sequence, block of query tokens, KV head), and,
// where one item would keep a thread busy while others wait, those into their splits. Where neighbouring
// sequences share the pages of a split, as forks do, one task reads it for all of them; and goes on to what each has of its own,
// unless that takes too long. The same plan serves all layers.
//
// Every row is folded over its splits in index order from an empty state, whether by one task or by
// attend_reduce from stored partial results: the cut, which depends on the batch and the number of
// threads, never changes a bit.
#pragma once

#include <string>
#include <vector>

#include "aligned_memory.h"
#include "kv_pool.h"
#include "step_batch.h"

namespace turnwise {

// Query rows (tokens x heads of the KV group) that one task keeps beside each piece of K and V.
constexpr int kMaxAttentionRows = 64;

struct AttentionItem {
  int32_t sequence;
  int32_t kv_head;
  int32_t first_token;  // row of the step
  int32_t tokens;
  int32_t first_position;  // of the first token
  int32_t splits;          // that the last token attends
  // The first of them, computed by tasks of several items.
  int32_t shared_splits;
  // Where the partial results begin in the plan's memory, in floats; -1 where one task does all.
  int64_t partials;
};

struct AttentionTask {
  int32_t item;
  // Split to compute into the partial results, or -1 for all of the items.
  int32_t split;
  // How many items it computes: of the same KV head, one for each of so many neighbouring sequences.
  int32_t items;
};

// Unnormalised results of some rows over some positions.
struct AttentionPartial {
  float* outputs;  // [rows, padded_dim]
  float* maxima;   // [rows]
  float* sums;     // [rows]
};

class AttentionPlan {
 public:
  // For a program whose attention has `heads` heads (0: none). False with a reason.
  bool Init(int32_t heads, const KvSpec& spec, const PageLayout& layout, int32_t max_tokens, std::string* error);

  // Cuts a valid batch. Does not allocate in steady state.
  void Build(const StepBatch& batch, int threads);

  const std::vector<AttentionItem>& items() const { return items_; }
  const std::vector<AttentionTask>& tasks() const { return tasks_; }
  int32_t group() const { return group_; }
  int32_t max_rows() const { return block_tokens_ * group_; }
  // The index-th item of a task.
  const AttentionItem& ItemAt(const AttentionTask& task, int32_t index) const {
    return items_[static_cast<size_t>(task.item) + static_cast<size_t>(index) * kv_heads_];
  }

  // The item of a token (row of the step) and KV head.
  const AttentionItem& ItemOf(int32_t token, int32_t kv_head) const {
    return items_[static_cast<size_t>(token_blocks_[token]) * kv_heads_ + kv_head];
  }

  // Partial results of an item that has them.
  AttentionPartial Partial(const AttentionItem& item, int32_t split) const {
    const size_t rows = static_cast<size_t>(item.tokens) * group_;
    float* base = reinterpret_cast<float*>(memory_.data()) + item.partials + split * PartialFloats(item.tokens);
    return {base, base + rows * padded_dim_, base + rows * (padded_dim_ + 1)};
  }

 private:
  size_t PartialFloats(int32_t tokens) const;
  void AddItems(const StepBatch& batch, int32_t sequence);
  void ShareSplits(const StepBatch& batch, int threads);
  void ShareItems(int32_t first, int32_t sharers, int32_t splits, int threads);
  // Whether a task that takes so long, more than half of one thread's share, might have other threads wait.
  bool IsLong(int64_t cost, int threads) const { return threads > 1 && cost * 2 * threads > total_cost_; }
  int32_t SharersFrom(const StepBatch& batch, int32_t leader, int32_t* splits) const;
  int32_t CommonSplits(const StepBatch& batch, int32_t a, int32_t b) const;
  bool TakePartials(const AttentionTask& task);
  void CutItems(int threads);

  int32_t group_ = 0;
  int32_t kv_heads_ = 0;
  int32_t padded_dim_ = 0;
  int32_t block_tokens_ = 0;
  int32_t page_tokens_ = 1;
  int64_t total_cost_ = 0;
  // Of the partial results' memory, in floats.
  size_t used_ = 0;
  std::vector<AttentionItem> items_;
  std::vector<AttentionTask> tasks_;
  std::vector<int32_t> token_blocks_;
  AlignedMemory memory_;
};

}  // namespace turnwise
