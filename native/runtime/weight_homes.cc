#include "weight_homes.h"

namespace turnwise {
namespace {

// Joins ranges that follow each other in memory, so that a matrix takes one call for each node.
class RangeMover {
 public:
  explicit RangeMover(int32_t node) : node_(node) {}
  ~RangeMover() { Flush(); }

  void Add(const WeightRange& range) {
    for (WeightRange& open : open_) {
      if (open.begin + open.bytes != range.begin) continue;
      open.bytes += range.bytes;
      return;
    }
    open_.push_back(range);
  }

 private:
  void Flush() {
    for (const WeightRange& range : open_) MovePages(range.begin, range.bytes, node_);
  }

  const int32_t node_;
  // One for each matrix of the stage.
  std::vector<WeightRange> open_;
};

}  // namespace

void MoveToReaders(const std::vector<const StageOp*>& stage, const ModelContext& model, const ThreadGroups& groups,
                   const std::vector<NumaNode>& nodes) {
  int units = 0;
  for (const StageOp* op : stage) units += op->UnitCount();
  std::vector<WeightRange> ranges;
  for (size_t node = 0; node < nodes.size(); ++node) {
    RangeMover mover(nodes[node].id);
    const int end = groups.FirstTaskOfNode(units, static_cast<int>(node) + 1);
    for (int unit = groups.FirstTaskOfNode(units, static_cast<int>(node)); unit < end; ++unit) {
      int own = unit;
      size_t op = 0;
      while (own >= stage[op]->UnitCount()) own -= stage[op++]->UnitCount();
      ranges.clear();
      stage[op]->ListUnitWeights(model, own, &ranges);
      for (const WeightRange& range : ranges) mover.Add(range);
    }
  }
}

}  // namespace turnwise
