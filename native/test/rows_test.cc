// Row kernels against f64: every size from nothing to beyond two vectors, and misaligned rows.
#include <algorithm>
#include <cfloat>
#include <cmath>
#include <cstdio>

#include "testing.h"

namespace turnwise {
namespace test {

namespace {

// Sizes 0 to 2N and tails, some real ones.
std::vector<int> Sizes() {
  std::vector<int> sizes;
  for (int size = 0; size <= 34; ++size) sizes.push_back(size);
  for (const int size : {63, 64, 65, 100, 288, 2048}) sizes.push_back(size);
  return sizes;
}

// Floats at an address that is only a multiple of 4, between guards.
struct Row {
  explicit Row(const std::vector<float>& values) : buffer(values.size() * 4, 4 * (1 + values.size() % 3)) {
    for (size_t i = 0; i < values.size(); ++i) data()[i] = values[i];
  }
  float* data() { return buffer.As<float>(); }
  Buffer buffer;
};

void TestRmsNorm(const KernelTable& kernels) {
  for (const float magnitude : {1.0f, 1e-12f, 1e15f}) {
    BeginCase(std::string(kernels.isa) + " rms_norm of " + std::to_string(magnitude));
    for (const int size : Sizes()) {
      if (size == 0) continue;
      const size_t count = static_cast<size_t>(size);
      Row x(RandomFloats(count, magnitude));
      Row weight(RandomFloats(count, 2.0f));
      Row out(std::vector<float>(count, NAN));
      kernels.rms_norm(x.data(), weight.data(), size, 1e-5f, out.data());
      double squares = 0;
      for (int i = 0; i < size; ++i) squares += static_cast<double>(x.data()[i]) * x.data()[i];
      const double factor = 1.0 / std::sqrt(squares / size + static_cast<double>(1e-5f));
      for (int i = 0; i < size; ++i) {
        const double expected = x.data()[i] * factor * weight.data()[i];
        ExpectNear(out.data()[i], expected, std::fabs(expected) * 1e-6 + 1e-38, "rms_norm", i);
      }
      out.buffer.CheckGuards("rms_norm");
      kernels.rms_norm(x.data(), weight.data(), size, 1e-5f, x.data());
      for (int i = 0; i < size; ++i) Expect(x.data()[i] == out.data()[i], "in place differs at %d of %d", i, size);
    }
  }
}

void TestSwiglu(const KernelTable& kernels) {
  BeginCase(std::string(kernels.isa) + " swiglu");
  for (const int size : Sizes()) {
    const size_t count = static_cast<size_t>(size);
    Row gate(RandomFloats(count, size % 2 == 0 ? 8.0f : 120.0f));
    Row up(RandomFloats(count, 3.0f));
    Row out(std::vector<float>(count, NAN));
    kernels.swiglu(gate.data(), up.data(), size, out.data());
    for (int i = 0; i < size; ++i) {
      const double g = gate.data()[i];
      const double expected = g / (1.0 + std::exp(-g)) * up.data()[i];
      ExpectNear(out.data()[i], expected, std::fabs(expected) * 5e-7 + 1e-36, "swiglu", i);
    }
    out.buffer.CheckGuards("swiglu");
  }
  BeginCase(std::string(kernels.isa) + " swiglu, extreme values");
  const float gates[] = {0.0f, -0.0f, 1e-40f, FLT_MAX, -FLT_MAX, INFINITY, 100.0f, -100.0f};
  const float expected[] = {0.0f, 0.0f, 0.5e-40f, FLT_MAX, 0.0f, INFINITY, 100.0f, 0.0f};
  for (int i = 0; i < 8; ++i) {
    const float one = 1.0f;
    float out;
    kernels.swiglu(&gates[i], &one, 1, &out);
    ExpectNear(out, expected[i], 1e-40, "swiglu", i);
  }
  const float nan = NAN;
  float out = 0.0f;
  kernels.swiglu(&nan, &nan, 1, &out);
  Expect(std::isnan(out), "NaN is lost");
}

void TestAdd(const KernelTable& kernels) {
  BeginCase(std::string(kernels.isa) + " add");
  for (const int size : Sizes()) {
    const size_t count = static_cast<size_t>(size);
    Row a(RandomFloats(count, 5.0f));
    Row b(RandomFloats(count, 5.0f));
    Row out(std::vector<float>(count, NAN));
    kernels.add(a.data(), b.data(), size, out.data());
    for (int i = 0; i < size; ++i) Expect(out.data()[i] == a.data()[i] + b.data()[i], "element %d of %d", i, size);
    out.buffer.CheckGuards("add");
  }
}

void TestRope(const KernelTable& kernels) {
  BeginCase(std::string(kernels.isa) + " rope");
  for (const int dim : {2, 4, 6, 8, 16, 30, 32, 64, 80, 96, 128, 130, 256}) {
    const size_t count = static_cast<size_t>(dim);
    const std::vector<float> before = RandomFloats(count, 4.0f);
    Row head(before);
    Row table(RandomFloats(count, 1.0f));
    kernels.rope(head.data(), table.data(), dim);
    const int half = dim / 2;
    for (int i = 0; i < half; ++i) {
      const double a = before[static_cast<size_t>(i)];
      const double b = before[static_cast<size_t>(i + half)];
      const double cosine = table.data()[i];
      const double sine = table.data()[i + half];
      ExpectNear(head.data()[i], a * cosine - b * sine, 1e-6, "first of a pair", i);
      ExpectNear(head.data()[i + half], b * cosine + a * sine, 1e-6, "second of a pair", i);
    }
    head.buffer.CheckGuards("rope");
  }
}

// The definition, in f32 as it is given: scale = max / 127, value / scale to the nearest even.
// `run` columns share a scale.
void ExpectQuantized(const float* x, int columns, int run, const Q8aRow& row) {
  for (int group = 0; group < columns / 32; ++group) {
    const int begin = group * 32 / run * run;
    float largest = 0.0f;
    for (int k = begin; k < std::min(begin + run, columns); ++k) largest = std::fmax(largest, std::fabs(x[k]));
    const float scale = largest / 127.0f;
    Expect(row.scales[group] == scale, "scale %d is %g, expected %g", group, row.scales[group], scale);
    int sums[2] = {0, 0};
    for (int k = group * 32; k < group * 32 + 32; ++k) {
      const float ratio = scale == 0.0f ? 0.0f : std::nearbyint(x[k] / scale);
      const int expected = static_cast<int>(std::fmin(std::fmax(ratio, -127.0f), 127.0f));
      Expect(row.values[k] == expected, "value %d is %d, expected %d", k, row.values[k], expected);
      sums[k % 32 / 16] += expected;
    }
    for (int half = 0; half < 2; ++half) {
      const int sum = row.sums[2 * group + half];
      Expect(sum == sums[half], "sum %d of group %d is %d, expected %d", half, group, sum, sums[half]);
    }
    const float scaled_sum = scale * static_cast<float>(sums[0] + sums[1]);
    Expect(row.scaled_sums[group] == scaled_sum, "scaled sum %d is %g, expected %g", group,
           static_cast<double>(row.scaled_sums[group]), static_cast<double>(scaled_sum));
  }
}

void TestQuantize(const KernelTable& kernels) {
  // 2e-43: the scale is the smallest subnormal, so coarse that values reach beyond 127 of it.
  for (const float magnitude : {1.0f, 1e-30f, 1e-44f, 2e-43f, 1e30f, 0.0f}) {
    char name[32];
    std::snprintf(name, sizeof name, "%g", static_cast<double>(magnitude));
    BeginCase(std::string(kernels.isa) + " quantize, magnitude " + name);
    for (const int columns : {32, 64, 96, 320, 2048}) {
      const size_t count = static_cast<size_t>(columns);
      Row x(RandomFloats(count, magnitude));
      Buffer out(Q8aRowBytes(columns), 4);
      kernels.quantize(x.data(), columns, Q8aRowAt(out.data(), columns));
      ExpectQuantized(x.data(), columns, kernels.activation_columns, Q8aRowAt(out.data(), columns));
      out.CheckGuards("q8a row");
    }
  }
  BeginCase(std::string(kernels.isa) + " quantize, ties");
  // Scale 1: halves lie exactly between two integers.
  std::vector<float> ties(32);
  for (int k = 0; k < 32; ++k) ties[static_cast<size_t>(k)] = static_cast<float>(k) - 15.5f;
  ties[0] = 127.0f;
  Buffer out(Q8aRowBytes(32));
  kernels.quantize(ties.data(), 32, Q8aRowAt(out.data(), 32));
  ExpectQuantized(ties.data(), 32, kernels.activation_columns, Q8aRowAt(out.data(), 32));
}

// The scale says so, for int8 cannot: of the columns that share it, and of no others.
void TestQuantizeNan(const KernelTable& kernels) {
  BeginCase(std::string(kernels.isa) + " quantize, NaN");
  const int run = kernels.activation_columns;
  const int columns = 2 * run;
  const size_t count = static_cast<size_t>(columns);
  const std::vector<float> values = RandomFloats(count, 3.0f);
  for (int at = 0; at < columns; ++at) {
    Row x(values);
    x.data()[at] = at % 2 == 0 ? NAN : -NAN;
    Buffer out(Q8aRowBytes(columns), 4);
    kernels.quantize(x.data(), columns, Q8aRowAt(out.data(), columns));
    for (int group = 0; group < columns / 32; ++group) {
      const Q8aRow row = Q8aRowAt(out.data(), columns);
      const bool expected = group * 32 / run == at / run;
      Expect(std::isnan(row.scales[group]) == expected, "NaN at %d: the scale of group %d", at, group);
      Expect(std::isnan(row.scaled_sums[group]) == expected, "NaN at %d: the scaled sum of group %d", at, group);
    }
  }
}

}  // namespace

void TestRows(const KernelTable& kernels) {
  TestRmsNorm(kernels);
  TestSwiglu(kernels);
  TestAdd(kernels);
  TestRope(kernels);
  TestQuantize(kernels);
  TestQuantizeNan(kernels);
}

}  // namespace test
}  // namespace turnwise
