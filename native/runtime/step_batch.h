// One step's batch as the executor holds it: copies of the caller's arrays, so that nothing can
// change between the check and the use. Mirrors StepBatch in src/graph/executor.ts.
#pragma once

#include <string>
#include <vector>

#include "../program/program.h"

namespace turnwise {

struct StepBatch {
  std::vector<int32_t> tokens;
  std::vector<int32_t> positions;
  std::vector<int32_t> sequence_starts;
  std::vector<int32_t> page_tables;
  std::vector<int32_t> page_table_starts;
  std::vector<int32_t> logit_rows;
  // Memory of the check.
  std::vector<uint8_t> page_uses;

  int TokenCount() const { return static_cast<int>(tokens.size()); }
  int SequenceCount() const { return static_cast<int>(sequence_starts.size()) - 1; }

  // Whether the batch can run; if not, says why in `error`, naming the field.
  bool Validate(const Program& program, int32_t pages, std::string* error);
};

}  // namespace turnwise
