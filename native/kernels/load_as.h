// Numbers out of bytes that have no C++ type of their own, such as a q8a row's.
#pragma once

#include <cstring>

namespace turnwise {
namespace TURNWISE_ISA {

template <class T>
inline T LoadAs(const uint8_t* p) {
  T value;
  std::memcpy(&value, p, sizeof value);
  return value;
}

}  // namespace TURNWISE_ISA
}  // namespace turnwise
