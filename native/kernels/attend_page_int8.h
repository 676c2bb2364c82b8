// The products over int8 pages of levels that have no instructions beside WeightDot and UnitDot for them.
#pragma once

#include "attend_int8.h"

namespace turnwise {
namespace TURNWISE_ISA {

using Int8PageAttention = IntAttention;

}  // namespace TURNWISE_ISA
}  // namespace turnwise
