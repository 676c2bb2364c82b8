// A compiled program as it crosses from TypeScript: the mirror of src/compile/program.ts and
// src/compile/encode.ts, whose comments define what each instruction means. Decoding validates
// everything (indices, types, columns, offsets inside the arena), so that the executor need not.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "../kernels/kernels.h"

namespace turnwise {

constexpr int32_t kProgramMagic = 0x31505754;  // "TWP1"
constexpr int32_t kProgramVersion = 4;
constexpr int kHeaderWords = 16;
constexpr int kBufferWords = 8;
constexpr int kWeightWords = 4;
constexpr int kInstructionWords = 16;

// With kMaxThreads, the mirror of src/base/native-limits.ts.
constexpr int32_t kMaxHeadDim = 1024;
constexpr int32_t kMaxContextTokens = 1 << 27;
// Positions that one split of attention covers.
constexpr int kAttentionSplitTokens = 512;

enum class ValueType : int32_t { kF32, kI32, kQ8a };
enum class RowDim : int32_t { kTokens, kLogitRows };

// Order as INSTRUCTION_FIELDS in program.ts.
enum class Opcode : int32_t {
  kEmbed,
  kRopeTable,
  kRmsNorm,
  kQuantize,
  kLinear,
  kLinearAdd,
  kLinearSwiglu,
  kLinearQkv,
  kRope,
  kKvStore,
  kAttend,
  kAttendReduce,
  kSwiglu,
  kAdd,
  kGatherRows,
  kCount,
};

struct BufferSpec {
  uint64_t offset;
  uint32_t row_bytes;
  RowDim rows;
  int32_t columns;
  ValueType type;
};

struct WeightSpec {
  bool is_vector;
  int32_t rows;
  int32_t columns;
  WeightFormat format;
};

struct Instruction {
  Opcode opcode;
  int32_t stage;
  // Fields in the order of INSTRUCTION_FIELDS; floats by their bits.
  int32_t fields[kInstructionWords - 2];
};

struct KvSpec {
  int32_t layers;
  int32_t kv_heads;
  int32_t head_dim;
  KvType type;
  int32_t page_tokens;
};

struct Program {
  int32_t max_tokens;
  int32_t max_logit_rows;
  int32_t vocab_size;
  int32_t logits_buffer;
  uint64_t arena_bytes;
  KvSpec kv;
  std::vector<BufferSpec> buffers;
  std::vector<WeightSpec> weights;
  std::vector<Instruction> instructions;
};

// Decodes and validates; on failure returns false and says why in `error`.
bool DecodeProgram(const int32_t* words, size_t count, Program* program, std::string* error);

}  // namespace turnwise
