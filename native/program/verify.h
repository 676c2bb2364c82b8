// Checks of a decoded program's instructions; called by DecodeProgram.
#pragma once

#include <string>

#include "program.h"

namespace turnwise {

// Whether every instruction's indices, types, columns and heads agree; if not, says why in `error`.
// What passes cannot make the executor read or write outside its memory, whatever its values mean.
bool VerifyInstructions(const Program& program, std::string* error);

}  // namespace turnwise
