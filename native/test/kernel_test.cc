// Tests of every kernel on every ISA level that this CPU runs, against formulas in f64 and against the
// scalar level. No Node, no files. From the repository's root:
//
//   node scripts/build-native-test.mjs kernel_test && build/native/test/kernel_test
//
// A level can be named as an argument; without one, all are tested. `--levels` only prints those that this CPU runs,
// best last. Exits with 1 where a check failed.
#include <cstdio>
#include <cstring>

#include "testing.h"

int main(int argc, char** argv) {
  using namespace turnwise;
  using namespace turnwise::test;
  if (argc > 1 && std::strcmp(argv[1], "--levels") == 0) {
    for (int level = 0; const char* isa = IsaLevelName(level); ++level) std::puts(isa);
    return 0;
  }
  const KernelTable* scalar = FindKernels("scalar");
  BeginCase("levels");
  Expect(scalar != nullptr, "the scalar level is everywhere");
  Expect(FindKernels("no-such-level") == nullptr, "an unknown level has no kernels");
  TestHalf();
  TestPack();
  for (int level = 0; const char* isa = IsaLevelName(level); ++level) {
    if (argc > 1 && std::strcmp(argv[1], isa) != 0) continue;
    const KernelTable* kernels = FindKernels(isa);
    BeginCase(std::string(isa) + " is found by its name");
    Expect(kernels != nullptr && std::strcmp(kernels->isa, isa) == 0, "another table, or none");
    if (kernels == nullptr) continue;
    TestUnpack(*kernels);
    TestGemm(*kernels);
    TestRows(*kernels);
    TestReductions(*kernels);
    TestAttention(*kernels);
    TestTwin(*kernels, *scalar);
  }
  return Finish();
}
