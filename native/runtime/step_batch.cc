#include "step_batch.h"

namespace turnwise {
namespace {

// [first .. last] must begin at 0, never fall and end at `end`.
bool AreStarts(const std::vector<int32_t>& starts, size_t end) {
  if (starts.empty() || starts.front() != 0 || starts.back() < 0 || static_cast<size_t>(starts.back()) != end) {
    return false;
  }
  for (size_t i = 1; i < starts.size(); ++i) {
    if (starts[i] < starts[i - 1]) return false;
  }
  return true;
}

std::string CheckSequence(const StepBatch& batch, int sequence, int32_t page_tokens) {
  const int32_t begin = batch.sequence_starts[sequence];
  const int32_t end = batch.sequence_starts[sequence + 1];
  const std::string which = " of sequence " + std::to_string(sequence);
  if (begin == end) return "sequenceStarts: sequence " + std::to_string(sequence) + " has no rows";
  if (batch.positions[begin] < 0) return "positions" + which + " are negative";
  if (batch.positions[begin] >= kMaxContextTokens) return "positions" + which + " are too large";
  const int64_t last = static_cast<int64_t>(batch.positions[begin]) + (end - begin) - 1;
  for (int32_t row = begin; row < end; ++row) {
    if (batch.positions[row] != batch.positions[begin] + static_cast<int64_t>(row - begin)) {
      return "positions" + which + " are not consecutive";
    }
  }
  const int64_t pages = batch.page_table_starts[sequence + 1] - batch.page_table_starts[sequence];
  if (last >= pages * page_tokens) {
    return "pageTables: " + std::to_string(pages) + " pages" + which + " do not hold position " + std::to_string(last);
  }
  return "";
}

// A page that a sequence writes to is named by it alone, and once: others would read what threads are
// writing. `uses` is memory to count in. Page tables and positions are valid.
std::string CheckWrites(const StepBatch& batch, int32_t page_tokens, int32_t pages, std::vector<uint8_t>* uses) {
  uses->assign(pages, 0);
  for (int32_t page : batch.page_tables) {
    uint8_t& count = (*uses)[page];
    if (count < 2) ++count;
  }
  for (int sequence = 0; sequence < batch.SequenceCount(); ++sequence) {
    const int32_t* table = batch.page_tables.data() + batch.page_table_starts[sequence];
    const int32_t first = batch.positions[batch.sequence_starts[sequence]] / page_tokens;
    const int32_t last = batch.positions[batch.sequence_starts[sequence + 1] - 1] / page_tokens;
    for (int32_t index = first; index <= last; ++index) {
      if ((*uses)[table[index]] != 1) {
        return "pageTables: page " + std::to_string(table[index]) + ", which sequence " + std::to_string(sequence) +
               " writes to, is named twice";
      }
    }
  }
  return "";
}

std::string FindProblem(const StepBatch& batch, const Program& program, int32_t pages) {
  const size_t tokens = batch.tokens.size();
  if (tokens == 0) return "tokens is empty";
  if (tokens > static_cast<size_t>(program.max_tokens)) {
    return "tokens has " + std::to_string(tokens) + " rows, the program takes " + std::to_string(program.max_tokens);
  }
  for (int32_t token : batch.tokens) {
    if (token < 0 || token >= program.vocab_size) {
      return "tokens: " + std::to_string(token) + " is not in the vocabulary";
    }
  }
  if (batch.positions.size() != tokens) return "positions has another length than tokens";
  if (!AreStarts(batch.sequence_starts, tokens)) return "sequenceStarts must rise from 0 to the number of tokens";
  if (batch.page_table_starts.size() != batch.sequence_starts.size() ||
      !AreStarts(batch.page_table_starts, batch.page_tables.size())) {
    return "pageTableStarts must rise from 0 to the length of pageTables, one for each of sequenceStarts";
  }
  for (int32_t page : batch.page_tables) {
    if (page < 0 || page >= pages) return "pageTables: there is no page " + std::to_string(page);
  }
  if (batch.logit_rows.size() > static_cast<size_t>(program.max_logit_rows)) {
    return "logitRows has " + std::to_string(batch.logit_rows.size()) + " rows, the program takes " +
           std::to_string(program.max_logit_rows);
  }
  int32_t previous = -1;
  for (int32_t row : batch.logit_rows) {
    if (row <= previous || static_cast<size_t>(row) >= tokens) return "logitRows must rise and be rows of the step";
    previous = row;
  }
  for (int sequence = 0; sequence < batch.SequenceCount(); ++sequence) {
    const std::string problem = CheckSequence(batch, sequence, program.kv.page_tokens);
    if (!problem.empty()) return problem;
  }
  return "";
}

}  // namespace

bool StepBatch::Validate(const Program& program, int32_t pages, std::string* error) {
  *error = FindProblem(*this, program, pages);
  if (error->empty()) *error = CheckWrites(*this, program.kv.page_tokens, pages, &page_uses);
  return error->empty();
}

}  // namespace turnwise
