// What the tests in C++ share: counting, messages, random numbers, buffers with guarded ends. Not a
// framework: a check that fails prints what it saw and marks the running case as failed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "../kernels/kernels.h"

namespace turnwise {
namespace test {

// Ends the case before it, if any, and begins the next.
void BeginCase(const std::string& name);
// Checks inside a case. Only the first few failures of a case are printed.
void Expect(bool ok, const char* format, ...) __attribute__((format(printf, 2, 3)));
// |value - expected| <= tolerance; NaN is never near, equal infinities are.
void ExpectNear(double value, double expected, double tolerance, const char* what, int index);
// Prints `N passed, N failed`; the exit status.
int Finish();

// The same sequence in every run.
uint32_t RandomBits();
int RandomBelow(int bound);
// Uniform in [-1, 1).
float RandomFloat();
std::vector<float> RandomFloats(size_t count, float magnitude);

// Zero-initialised memory at `misalignment` bytes after a multiple of 64, between guards that CheckGuards
// inspects.
class Buffer {
 public:
  explicit Buffer(size_t bytes, size_t misalignment = 0);
  uint8_t* data() { return data_; }
  template <class T>
  T* As() {
    return reinterpret_cast<T*>(data_);
  }
  void Fill(uint8_t byte);
  void CheckGuards(const char* what) const;

 private:
  std::vector<uint8_t> memory_;
  uint8_t* data_;
  size_t bytes_;
};

// f16 by the compiler's own type: not the code under test.
float HalfToFloat(uint16_t half);
uint16_t FloatToHalf(float value);

// The suites, one a file; each runs on one level.
void TestHalf();
void TestPack();
void TestUnpack(const KernelTable& kernels);
void TestGemm(const KernelTable& kernels);
void TestRows(const KernelTable& kernels);
void TestReductions(const KernelTable& kernels);
void TestAttention(const KernelTable& kernels);
void TestSampler(const KernelTable& kernels);
void TestStore(const KernelTable& kernels);
// A level against the scalar twin.
void TestTwin(const KernelTable& kernels, const KernelTable& scalar);

}  // namespace test
}  // namespace turnwise
