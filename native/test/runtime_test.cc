// Tests of the runtime without Node and without a program: the sampler, and weights with their files. Arrays end where
// their last element does, so that a build with -fsanitize=address sees every step beyond; threads meet, for one with
// -fsanitize=thread. From the repository's root:
//
//   node scripts/build-native-test.mjs runtime_test && build/native/test/runtime_test
//
// Exits with 1 where a check failed.
#include "testing.h"

int main() {
  using namespace turnwise;
  using namespace turnwise::test;
  for (int level = 0; const char* isa = IsaLevelName(level); ++level) TestSampler(*FindKernels(isa));
  TestStore(*FindKernels("scalar"));
  return Finish();
}
