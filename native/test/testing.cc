#include "testing.h"

#include <cmath>
#include <cstdarg>
#include <cstdio>
#include <cstring>

namespace turnwise {
namespace test {

namespace {

constexpr int kPrintedFailures = 5;
constexpr size_t kGuardBytes = 256;
constexpr uint8_t kGuardByte = 0xa5;

std::string case_name;
int case_failures = 0;
int passed = 0;
int failed = 0;

void EndCase() {
  if (case_name.empty()) return;
  if (case_failures == 0) {
    ++passed;
  } else {
    ++failed;
    std::printf("FAILED %s: %d checks\n", case_name.c_str(), case_failures);
  }
  case_name.clear();
}

}  // namespace

void BeginCase(const std::string& name) {
  EndCase();
  case_name = name;
  case_failures = 0;
}

void Expect(bool ok, const char* format, ...) {
  if (ok) return;
  if (++case_failures > kPrintedFailures) return;
  std::printf("%s: ", case_name.c_str());
  va_list arguments;
  va_start(arguments, format);
  std::vprintf(format, arguments);
  va_end(arguments);
  std::printf("\n");
}

void ExpectNear(double value, double expected, double tolerance, const char* what, int index) {
  const bool near = value == expected || std::fabs(value - expected) <= tolerance;
  Expect(near, "%s[%d] is %.9g, expected %.9g within %.3g", what, index, value, expected, tolerance);
}

int Finish() {
  EndCase();
  std::printf("%d passed, %d failed\n", passed, failed);
  return failed == 0 && passed > 0 ? 0 : 1;
}

uint32_t RandomBits() {
  static uint64_t state = 88172645463325252u;
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return static_cast<uint32_t>(state >> 16);
}

int RandomBelow(int bound) { return static_cast<int>(RandomBits() % static_cast<uint32_t>(bound)); }

float RandomFloat() { return static_cast<float>(RandomBits() >> 8) * 0x1p-23f - 1.0f; }

std::vector<float> RandomFloats(size_t count, float magnitude) {
  std::vector<float> out(count);
  for (float& value : out) value = RandomFloat() * magnitude;
  return out;
}

Buffer::Buffer(size_t bytes, size_t misalignment)
    : memory_(bytes + misalignment + 2 * kGuardBytes + 64, kGuardByte), bytes_(bytes) {
  const size_t address = reinterpret_cast<size_t>(memory_.data());
  data_ = memory_.data() + (address + 63) / 64 * 64 - address + kGuardBytes + misalignment;
  Fill(0);
}

void Buffer::Fill(uint8_t byte) {
  if (bytes_ > 0) std::memset(data_, byte, bytes_);
}

void Buffer::CheckGuards(const char* what) const {
  const uint8_t* end = memory_.data() + memory_.size();
  for (const uint8_t* p = memory_.data(); p < end; ++p) {
    if (p == data_) p += bytes_;
    if (p == end) break;
    Expect(*p == kGuardByte, "%s: wrote %td bytes from its begin", what, p - data_);
  }
}

#if defined(__aarch64__)
using Half = __fp16;
#else
using Half = _Float16;
#endif

float HalfToFloat(uint16_t half) {
  Half value;
  std::memcpy(&value, &half, sizeof value);
  return static_cast<float>(value);
}

uint16_t FloatToHalf(float value) {
  const Half half = static_cast<Half>(value);
  uint16_t bits;
  std::memcpy(&bits, &half, sizeof bits);
  return bits;
}

}  // namespace test
}  // namespace turnwise
