// A level against the scalar one on equal bytes: what must be equal bit for bit (pages, quantised rows),
// and what differs in the last bits only because of fused multiply-adds.
#include <algorithm>
#include <cmath>
#include <cstring>

#include "sources.h"
#include "testing.h"

namespace turnwise {
namespace test {

namespace {

// As many columns as share a scale on both levels.
void TestQuantizeTwin(const KernelTable& kernels, const KernelTable& scalar) {
  const int run = std::min(kernels.activation_columns, scalar.activation_columns);
  BeginCase(std::string(kernels.isa) + " and scalar quantize alike");
  for (int round = 0; round < 200; ++round) {
    const int columns = kernels.activation_columns == run ? 32 * (1 + RandomBelow(8)) : run;
    std::vector<float> x = RandomFloats(static_cast<size_t>(columns), std::exp(20.0f * RandomFloat()));
    // Values on a coarse grid give ties.
    if (round % 2 == 0) {
      for (float& value : x) value = static_cast<float>(RandomBelow(255) - 127) * 0.5f;
    }
    std::vector<uint8_t> a(Q8aRowBytes(columns)), b(a.size());
    kernels.quantize(x.data(), columns, Q8aRowAt(a.data(), columns));
    scalar.quantize(x.data(), columns, Q8aRowAt(b.data(), columns));
    Expect(a == b, "%d columns in round %d", columns, round);
  }
}

void TestPagesTwin(const KernelTable& kernels, const KernelTable& scalar) {
  BeginCase(std::string(kernels.isa) + " and scalar store_kv alike");
  for (const KvType type : {KvType::kF32, KvType::kF16, KvType::kInt8}) {
    for (const int dim : {2, 8, 30, 64, 80, 128, 256}) {
      const PageLayout layout = MakePageLayout(type, 32, dim);
      Buffer a(layout.block_bytes), b(layout.block_bytes);
      for (int slot = 0; slot < 32; ++slot) {
        const std::vector<float> k = RandomFloats(static_cast<size_t>(dim), 1000.0f);
        const std::vector<float> v = RandomFloats(static_cast<size_t>(dim), 1e-6f);
        kernels.store_kv(layout, a.data(), slot, k.data(), v.data());
        scalar.store_kv(layout, b.data(), slot, k.data(), v.data());
      }
      Expect(std::memcmp(a.data(), b.data(), layout.block_bytes) == 0, "type %d head_dim %d", static_cast<int>(type), dim);
    }
  }
}

void TestGemmTwin(const KernelTable& kernels, const KernelTable& scalar) {
  BeginCase(std::string(kernels.isa) + " and scalar gemm alike");
  for (const SourceFormat& format : kSourceFormats) {
    const int columns = 256;
    const int tokens = 5;
    const OwnedMatrix w = PackSource(format, RandomSource(format, 32, columns), 32, columns);
    const std::vector<float> x = RandomFloats(tokens * columns, 1.0f);
    std::vector<uint8_t> rows(tokens * columns * 4);
    for (int t = 0; t < tokens; ++t) {
      uint8_t* row = rows.data() + t * columns * 4;
      if (!format.IsInteger()) {
        std::memcpy(row, x.data() + t * columns, columns * 4);
      } else {
        // The level's own, whose scales the scalar level reads as any others.
        kernels.quantize(x.data() + t * columns, columns, Q8aRowAt(row, columns));
      }
    }
    float a[tokens * 32], b[tokens * 32];
    RunGemm(kernels, w.packed, 0, 2, rows.data(), columns * 4, tokens, a, 32);
    RunGemm(scalar, w.packed, 0, 2, rows.data(), columns * 4, tokens, b, 32);
    for (int i = 0; i < tokens * 32; ++i) ExpectNear(a[i], b[i], 2e-5 + 1e-5 * std::fabs(b[i]), format.name, i);
  }
}

// Levels that differ only in how they multiply integers.
struct SameProducts {
  const char* isa;
  const char* other;
  // Whether both leave the zero point of bytes in products that have an offset, where it is taken off in f32.
  bool zero_points_alike;
};
constexpr SameProducts kSameProducts[] = {
    {"avx-vnni", "avx2", false},
    {"avx512-vnni", "avx-vnni", true},
    {"neon-i8mm", "neon-dotprod", true},
};

bool IsBytesWithOffset(WeightFormat format) {
  return format == WeightFormat::kInt8G32Zero || format == WeightFormat::kInt8G128Zero || format == WeightFormat::kInt8G32Wide;
}

// They give the same bits for any number of tokens.
void TestSameProducts(const KernelTable& a, const KernelTable& b, bool zero_points_alike) {
  BeginCase(std::string(a.isa) + " and " + b.isa + " gemm to the bit");
  for (const SourceFormat& format : kSourceFormats) {
    if (!format.IsInteger() || (!zero_points_alike && IsBytesWithOffset(format.format))) continue;
    // More than a panel, and not a whole number of them.
    const int columns = 1280;
    const OwnedMatrix w = PackSource(format, RandomSource(format, 40, columns), 40, columns);
    for (const int tokens : {1, 2, 4, 7, 13}) {
      std::vector<uint8_t> rows(static_cast<size_t>(tokens * columns * 2));
      for (int t = 0; t < tokens; ++t) {
        const std::vector<float> x = RandomFloats(static_cast<size_t>(columns), 3.0f);
        a.quantize(x.data(), columns, Q8aRowAt(rows.data() + t * columns * 2, columns));
      }
      std::vector<float> found(static_cast<size_t>(tokens) * 48), expected(found.size());
      RunGemm(a, w.packed, 0, 3, rows.data(), columns * 2, tokens, found.data(), 48);
      RunGemm(b, w.packed, 0, 3, rows.data(), columns * 2, tokens, expected.data(), 48);
      Expect(std::memcmp(found.data(), expected.data(), found.size() * 4) == 0, "%s, %d tokens", format.name, tokens);
    }
  }
}

}  // namespace

void TestTwin(const KernelTable& kernels, const KernelTable& scalar) {
  if (&kernels == &scalar) return;
  TestQuantizeTwin(kernels, scalar);
  TestPagesTwin(kernels, scalar);
  TestGemmTwin(kernels, scalar);
  for (const SameProducts& same : kSameProducts) {
    const KernelTable* other = FindKernels(same.other);
    if (std::strcmp(kernels.isa, same.isa) == 0 && other != nullptr) {
      TestSameProducts(kernels, *other, same.zero_points_alike);
    }
  }
}

}  // namespace test
}  // namespace turnwise
