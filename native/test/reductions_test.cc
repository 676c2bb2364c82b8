// argmax and log_sum_exp.
#include <cmath>

#include "testing.h"

namespace turnwise {
namespace test {

namespace {

void TestArgmax(const KernelTable& kernels) {
  BeginCase(std::string(kernels.isa) + " argmax");
  for (int size = 1; size <= 70; ++size) {
    std::vector<float> x = RandomFloats(static_cast<size_t>(size), 5.0f);
    for (const int winner : {0, size / 2, size - 1}) {
      x[static_cast<size_t>(winner)] = 9.0f;
      Expect(kernels.argmax(x.data(), size) == winner, "%d of %d", winner, size);
      // A tie goes to the lowest index, wherever the other lies.
      for (int other = winner + 1; other < size; ++other) {
        const float before = x[static_cast<size_t>(other)];
        x[static_cast<size_t>(other)] = 9.0f;
        Expect(kernels.argmax(x.data(), size) == winner, "tie of %d and %d of %d", winner, other, size);
        x[static_cast<size_t>(other)] = before;
      }
      x[static_cast<size_t>(winner)] = -3.0f;
    }
  }
  BeginCase(std::string(kernels.isa) + " argmax, extreme values");
  const float special[] = {NAN, -INFINITY, -1e38f, NAN, -2e38f, -INFINITY};
  Expect(kernels.argmax(special, 6) == 2, "NaN or infinity won: %d", kernels.argmax(special, 6));
  const std::vector<float> masked(50, -INFINITY);
  Expect(kernels.argmax(masked.data(), 50) == 0, "all masked: %d", kernels.argmax(masked.data(), 50));
  const float infinite[] = {1.0f, INFINITY, 3e38f};
  Expect(kernels.argmax(infinite, 3) == 1, "infinity lost");
  const float zeros[] = {-0.0f, 0.0f};
  Expect(kernels.argmax(zeros, 2) == 0, "zeros are not equal");
}

double Reference(const std::vector<float>& x) {
  double max = -INFINITY;
  for (const float value : x) max = std::fmax(max, value);
  double sum = 0;
  for (const float value : x) sum += std::exp(value - max);
  return max + std::log(sum);
}

void TestLogSumExp(const KernelTable& kernels) {
  BeginCase(std::string(kernels.isa) + " log_sum_exp");
  for (const int size : {1, 2, 15, 16, 17, 33, 1000, 1024, 1025, 5000, 128256}) {
    for (const float magnitude : {0.0f, 1.0f, 20.0f, 300.0f}) {
      const std::vector<float> x = RandomFloats(static_cast<size_t>(size), magnitude);
      const double expected = Reference(x);
      ExpectNear(kernels.log_sum_exp(x.data(), size), expected, std::fabs(expected) * 2e-7 + 5e-7, "log_sum_exp", size);
    }
  }
  BeginCase(std::string(kernels.isa) + " log_sum_exp, extreme values");
  const std::vector<float> masked(20, -INFINITY);
  Expect(kernels.log_sum_exp(masked.data(), 20) == -INFINITY, "all masked");
  std::vector<float> one_left = masked;
  one_left[17] = 3.5f;
  Expect(kernels.log_sum_exp(one_left.data(), 20) == 3.5f, "one left");
  const float huge[] = {3e38f, -3e38f};
  Expect(kernels.log_sum_exp(huge, 2) == 3e38f, "huge");
  for (int place = 0; place < 40; ++place) {
    std::vector<float> with_nan = RandomFloats(40, 1.0f);
    with_nan[static_cast<size_t>(place)] = NAN;
    Expect(std::isnan(kernels.log_sum_exp(with_nan.data(), 40)), "NaN at %d is lost", place);
  }
}

}  // namespace

void TestReductions(const KernelTable& kernels) {
  TestArgmax(kernels);
  TestLogSumExp(kernels);
}

}  // namespace test
}  // namespace turnwise
