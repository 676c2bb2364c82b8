// Blocks of GGML's quantised types, random or extreme, written bit by bit from the formats' definitions.
#pragma once

#include "sources.h"

namespace turnwise {
namespace test {

// An integer from 0 to below `bound`, as block_fill says.
int BlockInteger(int bound);
// f16 bits: of moderate size, with zero, negative and subnormal ones among them; of the largest number for the extremes.
uint16_t BlockScale();

void AppendQ8_0(Source* source);
void AppendQ4_0(Source* source);
void AppendQ4_1(Source* source);
void AppendQ5_0(Source* source);
void AppendQ5_1(Source* source);
void AppendIq4Nl(Source* source);
void AppendQ2K(Source* source);
void AppendQ3K(Source* source);
void AppendQ4K(Source* source);
void AppendQ5K(Source* source);
void AppendQ6K(Source* source);
void AppendIq4Xs(Source* source);

}  // namespace test
}  // namespace turnwise
