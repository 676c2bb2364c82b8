// The fields of each instruction as structs: the mirror of INSTRUCTION_FIELDS in
// src/compile/program.ts, member by member in encoding order. Buffers and weights are indices into
// the program's tables; an optional weight is -1 where absent.
#pragma once

#include <cstring>

#include "program.h"

namespace turnwise {

struct EmbedFields {
  int32_t weight, out;
};
struct RopeTableFields {
  int32_t frequencies, out;
};
struct RmsNormFields {
  int32_t x, weight, out;
  float epsilon;
  int32_t groups;
};
struct QuantizeFields {
  int32_t x, order, out;
};
struct LinearFields {
  int32_t x, weight, bias, out;
};
struct LinearAddFields {
  int32_t x, weight, bias, residual, out;
};
struct LinearSwigluFields {
  int32_t x, gate, up, out;
};
struct LinearQkvFields {
  int32_t x, q, k, v, q_bias, k_bias, v_bias, q_norm, k_norm, rope_table, out, layer;
  float epsilon;
};
struct RopeFields {
  int32_t x, table, out, heads;
};
struct KvStoreFields {
  int32_t k, v, layer;
};
struct AttendFields {
  int32_t q, out, layer, heads;
  float scale;
};
struct AttendReduceFields {
  int32_t x, out, heads;
};
struct SwigluFields {
  int32_t gate, up, out;
};
struct AddFields {
  int32_t a, b, out;
};
struct GatherRowsFields {
  int32_t x, out;
};

template <typename Fields>
Fields FieldsOf(const Instruction& instruction) {
  static_assert(sizeof(Fields) <= sizeof(instruction.fields), "an instruction has 14 fields at most");
  Fields fields;
  std::memcpy(&fields, instruction.fields, sizeof(Fields));
  return fields;
}

}  // namespace turnwise
