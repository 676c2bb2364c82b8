#include "weight_homes.h"

namespace turnwise {
namespace {

// Joins ranges that follow each other in memory, so that a matrix takes one call for each node.
class RangeMover {
 public:
  RangeMover(int32_t node, PageMover move) : node_(node), move_(move) {}

  void Add(const WeightRange& range) {
    for (WeightRange& open : open_) {
      if (open.begin + open.bytes != range.begin) continue;
      open.bytes += range.bytes;
      return;
    }
    open_.push_back(range);
  }

  // Moves all; returns how many the system refused.
  int Flush() {
    int refused = 0;
    for (const WeightRange& range : open_) refused += move_(range.begin, range.bytes, node_) ? 0 : 1;
    open_.clear();
    return refused;
  }

 private:
  const int32_t node_;
  const PageMover move_;
  // One for each matrix of the stage.
  std::vector<WeightRange> open_;
};

}  // namespace

int MoveToReaders(const std::vector<const StageOp*>& stage, const ModelContext& model, const ThreadGroups& groups,
                  const std::vector<NumaNode>& nodes, PageMover move) {
  int units = 0;
  int refused = 0;
  for (const StageOp* op : stage) units += op->UnitCount();
  std::vector<WeightRange> ranges;
  for (size_t node = 0; node < nodes.size(); ++node) {
    RangeMover mover(nodes[node].id, move);
    const int end = groups.FirstTaskOfNode(units, static_cast<int>(node) + 1);
    for (int unit = groups.FirstTaskOfNode(units, static_cast<int>(node)); unit < end; ++unit) {
      int own = unit;
      size_t op = 0;
      while (own >= stage[op]->UnitCount()) own -= stage[op++]->UnitCount();
      ranges.clear();
      stage[op]->ListUnitWeights(model, own, &ranges);
      for (const WeightRange& range : ranges) mover.Add(range);
    }
    refused += mover.Flush();
  }
  return refused;
}

}  // namespace turnwise
