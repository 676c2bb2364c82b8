// Which memory a model's weights belong in, on machines of several NUMA nodes: rows lie where the threads are that read
// them in decoding. The pool gives each of its groups the same part of a stage's tasks in every step
// (thread_groups.h), so that part's rows have a home.
#pragma once

#include <vector>

#include "numa.h"
#include "stages/stage_op.h"
#include "thread_groups.h"

namespace turnwise {

// MovePages or MoveOwnPages.
using PageMover = bool (*)(const uint8_t* begin, size_t bytes, int32_t node);

// Moves what the ops of one stage read; nothing where there are no nodes. Returns how many ranges the system did not move.
int MoveToReaders(const std::vector<const StageOp*>& stage, const ModelContext& model, const ThreadGroups& groups,
                  const std::vector<NumaNode>& nodes, PageMover move);

}  // namespace turnwise
