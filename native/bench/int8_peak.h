// The loops that int8 kernels are held against: what an ISA level could do with 4-bit weights if nothing
// had to be loaded. A block is one group of 32 columns, of some rows and some tokens: the products of
// unsigned weights with signed activations, then the scale epilogue (to float, times a scale, added up).
//
// Frozen when first written: shares of different days are comparable only over the same loop. A better
// loop is a new file with a new name.
#pragma once

#include <cstdint>

namespace turnwise {

struct Int8Peak {
  const char* isa;
  // Operations of a block; a multiply-add is two, the epilogue counts nothing.
  int64_t block_operations;
  // Runs so many blocks; the result only keeps the compiler from dropping the work.
  float (*run)(int64_t blocks);
};

extern const Int8Peak kScalarInt8Peak;
extern const Int8Peak kAvx2Int8Peak;
extern const Int8Peak kAvxVnniInt8Peak;
extern const Int8Peak kAvx512VnniInt8Peak;
extern const Int8Peak kNeonDotprodInt8Peak;
extern const Int8Peak kNeonI8mmInt8Peak;

// The loop of an ISA level by its name in native/isa; null for a level that has none.
const Int8Peak* FindInt8Peak(const char* isa);

}  // namespace turnwise
