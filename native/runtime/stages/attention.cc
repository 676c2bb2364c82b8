// attend and attend_reduce: attention over paged K and V, in splits of a fixed length.
#include <limits>

#include "../../program/fields.h"
#include "../thread_groups.h"
#include "stage_op.h"

namespace turnwise {
namespace {

// Hands out pieces of a thread's scratch memory, each aligned to 64 bytes; without memory it only counts them.
class Bump {
 public:
  explicit Bump(uint8_t* base) : base_(base) {}
  template <typename T>
  T* Take(size_t count) {
    T* piece = base_ == nullptr ? nullptr : reinterpret_cast<T*>(base_ + used_);
    used_ += (count * sizeof(T) + 63) / 64 * 64;
    return piece;
  }
  size_t used() const { return used_; }

 private:
  uint8_t* base_;
  size_t used_ = 0;
};

// What a task needs beside its inputs; laid out the same way to measure and to use.
struct Workspace {
  AttentionPartial state;
  AttentionPartial partial;
  const float** queries;
  int32_t* last_positions;
  const uint8_t** blocks;
  uint8_t* kernel;
  size_t bytes;

  Workspace(uint8_t* base, int32_t rows, const PageLayout& layout) {
    Bump bump(base);
    for (AttentionPartial* part : {&state, &partial}) {
      *part = {bump.Take<float>(static_cast<size_t>(rows) * layout.padded_dim), bump.Take<float>(rows),
               bump.Take<float>(rows)};
    }
    queries = bump.Take<const float*>(rows);
    last_positions = bump.Take<int32_t>(rows);
    blocks = bump.Take<const uint8_t*>(kAttentionSplitTokens / layout.page_tokens * 2);
    kernel = bump.Take<uint8_t>(AttendScratchBytes(rows, layout));
    bytes = bump.used();
  }
};

void ClearState(const AttentionPartial& state, int32_t rows, int32_t padded_dim) {
  std::fill_n(state.outputs, static_cast<size_t>(rows) * padded_dim, 0.0f);
  std::fill_n(state.maxima, rows, -std::numeric_limits<float>::infinity());
  std::fill_n(state.sums, rows, 0.0f);
}

// Folds row `row` of `partial` into row `state_row` of `state`.
void Fold(const StepContext& step, const AttentionPartial& state, int32_t state_row, const AttentionPartial& partial,
          int32_t row) {
  const size_t padded_dim = step.model->kv.layout().padded_dim;
  step.kernels().merge_attention(state.outputs + state_row * padded_dim, state.maxima + state_row,
                                 state.sums + state_row, partial.outputs + row * padded_dim, partial.maxima[row],
                                 partial.sums[row], step.model->kv_spec.head_dim);
}

class AttendOp final : public StageOp {
 public:
  AttendOp(const ModelContext& model, AttendFields f)
      : f_(f), group_(f.heads / model.kv_spec.kv_heads) {
    const int32_t rows = std::max(group_, kMaxAttentionRows / group_ * group_);
    scratch_bytes_ = Workspace(nullptr, rows, model.kv.layout()).bytes;
  }

  size_t ScratchBytes() const override { return scratch_bytes_; }

  int Prepare(const StepContext& step) override { return static_cast<int>(step.attention.tasks().size()); }

  void Run(StepContext& step, int task, uint8_t* scratch) const override {
    const AttentionTask& what = step.attention.tasks()[task];
    const Workspace work(scratch, step.attention.max_rows(), step.model->kv.layout());
    const Place after = AfterTask(step, task);
    if (what.split < 0) {
      RunItems(step, what, work, after);
    } else if (what.items > 1) {
      RunSharedSplit(step, what, what.split, work, after);
      StorePartials(step, what, work.partial);
    } else {
      const AttentionItem& item = step.attention.ItemAt(what, 0);
      RunSplit(step, item, what.split, work, step.attention.Partial(item, what.split), after);
    }
  }

 private:
  // A split of an item, which is null where there is nothing to read.
  struct Place {
    const AttentionItem* item;
    int32_t split;
  };

  // What the thread that runs `task` most likely reads next: threads that share a counter take tasks in turns. Of several
  // groups of threads some are smaller; then another thread of the group has asked for it.
  static Place AfterTask(const StepContext& step, int task) {
    const std::vector<AttentionTask>& tasks = step.attention.tasks();
    const size_t next = static_cast<size_t>(task + std::min(step.model->threads, ThreadGroups::kThreads));
    if (next >= tasks.size()) return {nullptr, 0};
    const AttentionItem& item = step.attention.ItemAt(tasks[next], 0);
    return {&item, std::max(tasks[next].split, 0)};
  }

  static Place FirstOwn(const AttentionItem& item) { return {&item, item.shared_splits}; }

  int32_t HeadOf(const AttentionItem& item, int32_t row) const { return item.kv_head * group_ + row % group_; }

  float* Output(const StepContext& step, const AttentionItem& item, int32_t row) const {
    return step.buffer(f_.out).FloatRow(item.first_token + row / group_) +
           HeadOf(item, row) * step.model->kv_spec.head_dim;
  }

  // Attends the positions of one split. Rows that begin behind it are left out; returns the first row
  // that took part; `before` is that of the item's split before in this workspace, or -1. `next` is what this thread reads
  // after it. Results lie at the row's own place in `into`.
  int32_t RunSplit(const StepContext& step, const AttentionItem& item, int32_t split, const Workspace& work,
                   const AttentionPartial& into, Place next, int32_t before = -1) const {
    const PageLayout& layout = step.model->kv.layout();
    const int32_t first_position = split * kAttentionSplitTokens;
    const int32_t skipped = std::max(0, first_position - item.first_position) * group_;
    const int32_t rows = AddQueries(step, item, skipped, work, 0);
    AttendTask task = TaskOf(step, {&item, split}, work, next);
    task.rows = rows;
    task.same_queries = skipped == before;
    task.outputs = into.outputs + static_cast<size_t>(skipped) * layout.padded_dim;
    task.maxima = into.maxima + skipped;
    task.sums = into.sums + skipped;
    step.kernels().attend(task);
    return skipped;
  }

  // A split that lies before all tokens of several items, in the same pages, into the workspace's partial result. Returns
  // their rows. `follows` says that the split before it was computed in this workspace.
  int32_t RunSharedSplit(const StepContext& step, const AttentionTask& what, int32_t split, const Workspace& work,
                         Place next, bool follows = false) const {
    int32_t rows = 0;
    for (int32_t i = 0; i < what.items; ++i) rows = AddQueries(step, step.attention.ItemAt(what, i), 0, work, rows);
    AttendTask task = TaskOf(step, {&step.attention.ItemAt(what, 0), split}, work, next);
    task.rows = rows;
    task.same_queries = follows;
    task.outputs = work.partial.outputs;
    task.maxima = work.partial.maxima;
    task.sums = work.partial.sums;
    step.kernels().attend(task);
    return rows;
  }

  // All splits of all items of a task, to the end: those that they share first, then each item's own.
  void RunItems(StepContext& step, const AttentionTask& what, const Workspace& work, Place after) const {
    const AttentionItem& leader = step.attention.ItemAt(what, 0);
    int32_t state_rows = 0;
    for (int32_t i = 0; i < what.items; ++i) state_rows += step.attention.ItemAt(what, i).tokens * group_;
    ClearState(work.state, state_rows, step.model->kv.layout().padded_dim);
    for (int32_t split = 0; split < leader.shared_splits; ++split) {
      const int32_t rows = RunSharedSplit(step, what, split, work, {&leader, split + 1}, split > 0);
      for (int32_t row = 0; row < rows; ++row) Fold(step, work.state, row, work.partial, row);
    }
    int32_t first_row = 0;
    for (int32_t i = 0; i < what.items; ++i) {
      const AttentionItem& item = step.attention.ItemAt(what, i);
      RunOwnSplits(step, item, work, first_row, i + 1 < what.items ? FirstOwn(step.attention.ItemAt(what, i + 1)) : after);
      first_row += item.tokens * group_;
    }
  }

  // The splits that an item shares with no other, folded into its rows' state, `first_row` of the workspace and those after
  // it, and from there into the output.
  void RunOwnSplits(StepContext& step, const AttentionItem& item, const Workspace& work, int32_t first_row,
                    Place after) const {
    const PageLayout& layout = step.model->kv.layout();
    const int32_t rows = item.tokens * group_;
    int32_t first = -1;
    for (int32_t split = item.shared_splits; split < item.splits; ++split) {
      const Place next = split + 1 < item.splits ? Place{&item, split + 1} : after;
      first = RunSplit(step, item, split, work, work.partial, next, first);
      for (int32_t row = first; row < rows; ++row) Fold(step, work.state, first_row + row, work.partial, row);
    }
    for (int32_t row = 0; row < rows; ++row) {
      const size_t at = static_cast<size_t>(first_row + row);
      step.kernels().finish_attention(work.state.outputs + at * layout.padded_dim, work.state.sums[at], layout.head_dim,
                                      Output(step, item, row));
    }
  }

  // Each item's rows become its partial result of the task's split.
  void StorePartials(const StepContext& step, const AttentionTask& what, const AttentionPartial& from) const {
    const size_t padded_dim = static_cast<size_t>(step.model->kv.layout().padded_dim);
    size_t row = 0;
    for (int32_t i = 0; i < what.items; ++i) {
      const AttentionItem& item = step.attention.ItemAt(what, i);
      const AttentionPartial into = step.attention.Partial(item, what.split);
      const size_t count = static_cast<size_t>(item.tokens) * group_;
      std::copy_n(from.outputs + row * padded_dim, count * padded_dim, into.outputs);
      std::copy_n(from.maxima + row, count, into.maxima);
      std::copy_n(from.sums + row, count, into.sums);
      row += count;
    }
  }

  // Adds an item's rows from `skipped` on to the task's, which has `rows`; returns how many it has then.
  int32_t AddQueries(const StepContext& step, const AttentionItem& item, int32_t skipped, const Workspace& work,
                     int32_t rows) const {
    for (int32_t i = skipped; i < item.tokens * group_; ++i, ++rows) {
      const int32_t token = i / group_;
      work.queries[rows] = step.buffer(f_.q).FloatRow(item.first_token + token) +
                           HeadOf(item, i) * step.model->kv_spec.head_dim;
      work.last_positions[rows] = item.first_position + token;
    }
    return rows;
  }

  // What does not depend on rows and results.
  AttendTask TaskOf(const StepContext& step, Place place, const Workspace& work, Place next) const {
    AttendTask task = {};
    task.layout = &step.model->kv.layout();
    task.blocks = work.blocks;
    task.page_count = CollectBlocks(step, place, work.blocks);
    if (next.item != nullptr) task.pages_ahead = CollectBlocks(step, next, work.blocks + task.page_count);
    task.first_position = place.split * kAttentionSplitTokens;
    task.queries = work.queries;
    task.last_positions = work.last_positions;
    task.scale = f_.scale;
    task.scratch = work.kernel;
    return task;
  }

  // The blocks of the split's pages, up to the page of the item's last token.
  int32_t CollectBlocks(const StepContext& step, Place place, const uint8_t** blocks) const {
    const AttentionItem& item = *place.item;
    const int32_t first_position = place.split * kAttentionSplitTokens;
    const int32_t page_tokens = step.model->kv_spec.page_tokens;
    const int32_t last_position =
        std::min(item.first_position + item.tokens, first_position + kAttentionSplitTokens) - 1;
    const int32_t* table = step.batch.page_tables.data() + step.batch.page_table_starts[item.sequence];
    const int32_t first_page = first_position / page_tokens;
    const int32_t count = last_position / page_tokens - first_page + 1;
    for (int32_t i = 0; i < count; ++i) {
      blocks[i] = step.model->kv.Block(table[first_page + i], f_.layer, item.kv_head);
    }
    return count;
  }

  AttendFields f_;
  const int32_t group_;
  size_t scratch_bytes_;
};

// Folds the stored splits of a token's heads, and leaves the row as the next stage wants it.
class AttendReduceOp final : public RowsOp {
 public:
  AttendReduceOp(const ModelContext& model, AttendReduceFields f)
      : RowsOp(RowDim::kTokens), f_(f), scratch_bytes_(Workspace(nullptr, 1, model.kv.layout()).bytes) {}

  size_t ScratchBytes() const override { return scratch_bytes_; }

  void RunRow(StepContext& step, int row, uint8_t* scratch) const override {
    float* x = step.buffer(f_.x).FloatRow(row);
    for (int32_t kv_head = 0; kv_head < step.model->kv_spec.kv_heads; ++kv_head) {
      const AttentionItem& item = step.attention.ItemOf(row, kv_head);
      if (item.partials >= 0) ReduceGroup(step, item, row, scratch, x);
    }
    const BufferView& out = step.buffer(f_.out);
    if (out.type == ValueType::kQ8a) step.kernels().quantize(x, out.columns, out.QuantizedRow(row));
  }

 private:
  void ReduceGroup(const StepContext& step, const AttentionItem& item, int token, uint8_t* scratch, float* x) const {
    const PageLayout& layout = step.model->kv.layout();
    const Workspace work(scratch, 1, layout);
    const int32_t group = step.attention.group();
    const int32_t offset = token - item.first_token;
    const int32_t splits = (item.first_position + offset) / kAttentionSplitTokens + 1;
    for (int32_t i = 0; i < group; ++i) {
      ClearState(work.state, 1, layout.padded_dim);
      for (int32_t split = 0; split < splits; ++split) {
        Fold(step, work.state, 0, step.attention.Partial(item, split), offset * group + i);
      }
      step.kernels().finish_attention(work.state.outputs, work.state.sums[0], layout.head_dim,
                                      x + (item.kv_head * group + i) * layout.head_dim);
    }
  }

  AttendReduceFields f_;
  const size_t scratch_bytes_;
};

}  // namespace

StageOpPtr MakeAttendOp(const ModelContext& model, const Instruction& instruction) {
  return std::make_unique<AttendOp>(model, FieldsOf<AttendFields>(instruction));
}

StageOpPtr MakeAttendReduceOp(const ModelContext& model, const Instruction& instruction) {
  return std::make_unique<AttendReduceOp>(model, FieldsOf<AttendReduceFields>(instruction));
}

}  // namespace turnwise
