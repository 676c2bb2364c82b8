// The two limits of this machine that kernels meet, measured by fixed loops on the threads that a model
// would run on: bytes a second from memory, int8 operations a second.
#pragma once

#include <memory>
#include <string>

#include "../runtime/aligned_memory.h"
#include "../runtime/thread_pool.h"
#include "int8_peak.h"

namespace turnwise {

class MachineProbe {
 public:
  // `bytes` is what the bandwidth is measured over, and should be several times the last-level cache. Null
  // with a reason where memory is refused or the level has no loop.
  static std::unique_ptr<MachineProbe> Create(const char* isa, int threads, size_t bytes,
                                              std::string* error);

  // Reads the block once. Bytes a second.
  double ReadBandwidth();
  // Runs the level's loop for some tens of milliseconds. Operations a second.
  double Int8Rate();

 private:
  MachineProbe(const Int8Peak* peak, int threads) : peak_(peak), pool_(threads, /*spin=*/false) {}

  const Int8Peak* peak_;
  AlignedMemory memory_;
  ThreadPool pool_;
};

}  // namespace turnwise
