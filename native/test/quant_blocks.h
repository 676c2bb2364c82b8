// Random blocks of GGML's quantised types, written bit by bit from the formats' definitions.
#pragma once

#include "sources.h"

namespace turnwise {
namespace test {

// f16 bits of moderate size; zero, negative and subnormal ones among them.
uint16_t RandomScale();

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
