// 16-bit floats to f32 and back, for code that has no vector instruction for it: packing, single
// elements, the scalar level. f16 is IEEE 754 binary16, bf16 the upper half of an f32. Rounds to
// nearest even; overflow gives infinity, NaN stays NaN.
#pragma once

#include <cstdint>
#include <cstring>

namespace turnwise {

// `static`, not `inline`: each ISA level must keep its own copy, compiled with its own flags.
static inline float FloatFromBits(uint32_t bits) {
  float value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

static inline uint32_t BitsFromFloat(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  return bits;
}

static inline float Bf16ToF32(uint16_t half) { return FloatFromBits(static_cast<uint32_t>(half) << 16); }

static inline float F16ToF32(uint16_t half) {
  const uint32_t sign = static_cast<uint32_t>(half & 0x8000) << 16;
  const uint32_t magnitude = static_cast<uint32_t>(half & 0x7fff) << 13;
  if (magnitude >= 0x0f800000) return FloatFromBits(sign | 0x70000000 | magnitude);  // infinity, NaN
  // The f32 with these bits is the value times 2^-112, exactly, also for subnormal halves.
  return FloatFromBits(sign | BitsFromFloat(FloatFromBits(magnitude) * 0x1p112f));
}

static inline uint16_t F32ToF16(float value) {
  const uint32_t bits = BitsFromFloat(value);
  const uint32_t sign = (bits >> 16) & 0x8000;
  const uint32_t magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) return static_cast<uint16_t>(sign | 0x7e00 | ((magnitude >> 13) & 0x3ff));
  if (magnitude >= 0x477ff000) return static_cast<uint16_t>(sign | 0x7c00);  // rounds to 2^16 or more
  if (magnitude < 0x38800000) {
    // Below 2^-14: adding 0.5 leaves the subnormal half, rounded to nearest even, in the low bits.
    return static_cast<uint16_t>(sign | (BitsFromFloat(FloatFromBits(magnitude) + 0.5f) - 0x3f000000));
  }
  const uint32_t round = 0xfff + ((magnitude >> 13) & 1);
  return static_cast<uint16_t>(sign | ((magnitude + round - 0x38000000) >> 13));
}

}  // namespace turnwise
