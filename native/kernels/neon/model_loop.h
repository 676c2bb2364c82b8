// Marks for `npm run arm:model` (scripts/arm-model.mjs), which compiles the Arm levels to assembly with
// TURNWISE_MODEL and finds the loops it models by them; otherwise nothing.
#pragma once

#ifdef TURNWISE_MODEL
// At the top of a loop's body. `kernel` and `where`, "outer", or "middle" and "inner" for loops inside an outer one, are
// string literals; `width` a constant: tokens or pairs of tokens.
#define TURNWISE_MODEL_LOOP(kernel, where, width) \
  asm volatile("// turnwise-model " kernel " " where " %c0" ::"i"(width))
#else
#define TURNWISE_MODEL_LOOP(kernel, where, width) static_cast<void>(0)
#endif
