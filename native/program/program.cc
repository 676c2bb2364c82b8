// Decodes the words of a program and checks all that does not depend on what an instruction means;
// verify.cc checks the instructions themselves.
#include "program.h"

#include "verify.h"

namespace turnwise {
namespace {

// Limits keep sizes computed from a program inside 64-bit arithmetic; they are far above any model.
constexpr int32_t kMaxStepRows = 1 << 20;
constexpr int32_t kMaxDimension = 1 << 24;
constexpr int32_t kMaxLayers = 1 << 14;
constexpr int32_t kMaxKvHeads = 1 << 14;
constexpr int32_t kMaxTableEntries = 1 << 20;
constexpr uint64_t kMaxArenaBytes = uint64_t{1} << 42;
constexpr uint64_t kRowAlignment = 64;

bool InRange(int32_t value, int32_t low, int32_t high) { return value >= low && value <= high; }

uint64_t Join64(const int32_t* words) {
  return static_cast<uint32_t>(words[0]) | static_cast<uint64_t>(static_cast<uint32_t>(words[1])) << 32;
}

// Reads the header; returns what is wrong with it, or an empty string.
std::string DecodeHeader(const int32_t* words, size_t count, Program* program) {
  if (count < static_cast<size_t>(kHeaderWords)) return "shorter than its header";
  if (words[0] != kProgramMagic) return "bad magic";
  if (words[1] != kProgramVersion) return "version " + std::to_string(words[1]) + " is not supported";
  program->max_tokens = words[2];
  program->max_logit_rows = words[3];
  program->vocab_size = words[4];
  program->logits_buffer = words[5];
  program->kv = {words[6], words[7], words[8], static_cast<KvType>(words[9]), words[10]};
  program->arena_bytes = Join64(words + 14);
  if (!InRange(program->max_tokens, 1, kMaxStepRows)) return "max tokens out of range";
  if (!InRange(program->max_logit_rows, 1, kMaxStepRows)) return "max logit rows out of range";
  if (!InRange(program->vocab_size, 1, kMaxDimension)) return "vocabulary size out of range";
  if (!InRange(words[6], 1, kMaxLayers)) return "KV layers out of range";
  if (!InRange(words[7], 1, kMaxKvHeads)) return "KV heads out of range";
  if (!InRange(words[8], 2, kMaxHeadDim) || words[8] % 2 != 0) return "head dimension out of range or odd";
  if (!InRange(words[9], 0, static_cast<int32_t>(KvType::kInt8))) return "unknown KV type";
  if (words[10] < kTileRows || words[10] % kTileRows != 0 || kAttentionSplitTokens % words[10] != 0) {
    return "page tokens must be a multiple of 16 that divides " + std::to_string(kAttentionSplitTokens);
  }
  for (int i = 11; i <= 13; ++i) {
    if (!InRange(words[i], 0, kMaxTableEntries)) return "table size out of range";
  }
  if (program->arena_bytes > kMaxArenaBytes) return "arena too large";
  const size_t expected = kHeaderWords + static_cast<size_t>(words[11]) * kBufferWords +
                          static_cast<size_t>(words[12]) * kWeightWords +
                          static_cast<size_t>(words[13]) * kInstructionWords;
  if (count != expected) return std::to_string(count) + " words, its tables need " + std::to_string(expected);
  return "";
}

std::string DecodeBuffer(const int32_t* words, const Program& program, BufferSpec* buffer) {
  *buffer = {Join64(words), static_cast<uint32_t>(words[2]), static_cast<RowDim>(words[3]), words[4],
             static_cast<ValueType>(words[5])};
  if (!InRange(words[3], 0, static_cast<int32_t>(RowDim::kLogitRows))) return "unknown row dimension";
  if (!InRange(words[5], 0, static_cast<int32_t>(ValueType::kQ8a))) return "unknown value type";
  if (!InRange(buffer->columns, 1, kMaxDimension)) return "columns out of range";
  if (buffer->offset % kRowAlignment != 0 || buffer->row_bytes % kRowAlignment != 0) return "not aligned to 64 bytes";
  const bool quantized = buffer->type == ValueType::kQ8a;
  if (quantized && buffer->columns % kQuantGroup != 0) return "q8a columns are not a multiple of 32";
  const uint64_t columns = static_cast<uint64_t>(buffer->columns);
  const uint64_t needed = quantized ? Q8aRowBytes(buffer->columns) : columns * 4;
  if (words[2] < 0 || buffer->row_bytes < needed) return "row bytes are fewer than the columns need";
  const int32_t rows = buffer->rows == RowDim::kTokens ? program.max_tokens : program.max_logit_rows;
  const uint64_t bytes = static_cast<uint64_t>(rows) * buffer->row_bytes;
  if (buffer->offset > program.arena_bytes || bytes > program.arena_bytes - buffer->offset) return "outside the arena";
  return "";
}

std::string DecodeWeight(const int32_t* words, WeightSpec* weight) {
  *weight = {words[0] == 1, words[1], words[2], static_cast<WeightFormat>(words[3])};
  if (!InRange(words[0], 0, 1)) return "unknown kind";
  if (!InRange(weight->rows, 1, kMaxDimension) || !InRange(weight->columns, 1, kMaxDimension)) {
    return "shape out of range";
  }
  if (weight->is_vector) return weight->rows == 1 ? "" : "a vector has one row";
  if (!IsWeightFormat(words[3])) return "unknown format";
  const int32_t multiple = InfoOf(weight->format).group_columns;
  return weight->columns % multiple == 0 ? "" : "columns are not a multiple of " + std::to_string(multiple);
}

bool Fail(std::string* error, const std::string& what, size_t index, const std::string& problem) {
  *error = what + " " + std::to_string(index) + ": " + problem;
  return false;
}

}  // namespace

bool DecodeProgram(const int32_t* words, size_t count, Program* program, std::string* error) {
  const std::string header_problem = DecodeHeader(words, count, program);
  if (!header_problem.empty()) {
    *error = "program: " + header_problem;
    return false;
  }
  program->buffers.resize(words[11]);
  program->weights.resize(words[12]);
  program->instructions.resize(words[13]);
  const int32_t* at = words + kHeaderWords;
  for (size_t i = 0; i < program->buffers.size(); ++i, at += kBufferWords) {
    const std::string problem = DecodeBuffer(at, *program, &program->buffers[i]);
    if (!problem.empty()) return Fail(error, "buffer", i, problem);
  }
  for (size_t i = 0; i < program->weights.size(); ++i, at += kWeightWords) {
    const std::string problem = DecodeWeight(at, &program->weights[i]);
    if (!problem.empty()) return Fail(error, "weight", i, problem);
  }
  for (size_t i = 0; i < program->instructions.size(); ++i, at += kInstructionWords) {
    Instruction& instruction = program->instructions[i];
    if (!InRange(at[0], 0, static_cast<int32_t>(Opcode::kCount) - 1)) {
      return Fail(error, "instruction", i, "unknown opcode");
    }
    instruction.opcode = static_cast<Opcode>(at[0]);
    instruction.stage = at[1];
    for (int field = 0; field < kInstructionWords - 2; ++field) instruction.fields[field] = at[2 + field];
  }
  return VerifyInstructions(*program, error);
}

}  // namespace turnwise
