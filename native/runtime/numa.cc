#include "numa.h"

#if defined(__linux__)
#include <sched.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace turnwise {

#if defined(__linux__)

namespace {

// Of linux/mempolicy.h, which not every system has: modes of mbind, and its flag.
constexpr unsigned long kPreferred = 1;
constexpr unsigned long kInterleave = 3;
constexpr unsigned long kMove = 1ul << 1;

// The whole pages in [begin, begin + bytes): fewer than one are nothing to do.
bool Bind(const uint8_t* begin, size_t bytes, unsigned long mode, uint64_t nodes, unsigned long flags) {
  const uintptr_t page = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
  const uintptr_t first = (reinterpret_cast<uintptr_t>(begin) + page - 1) / page * page;
  const uintptr_t end = (reinterpret_cast<uintptr_t>(begin) + bytes) / page * page;
  if (first >= end) return true;
  // The kernel reads one bit fewer than it is told.
  constexpr unsigned long kMaskBits = kMaxNumaNodes + 1;
  return syscall(SYS_mbind, first, end - first, mode, &nodes, kMaskBits, flags) == 0;
}

}  // namespace

bool IsMainThread() { return syscall(SYS_gettid) == getpid(); }

bool StayOn(const NumaNode& node) {
  cpu_set_t* set = CPU_ALLOC(kMaxCpus);
  if (set == nullptr) return false;
  const size_t bytes = CPU_ALLOC_SIZE(kMaxCpus);
  CPU_ZERO_S(bytes, set);
  for (const int32_t cpu : node.cpus) CPU_SET_S(static_cast<size_t>(cpu), bytes, set);
  const bool done = sched_setaffinity(0, bytes, set) == 0;
  CPU_FREE(set);
  return done;
}

bool MovePages(const uint8_t* begin, size_t bytes, int32_t node) {
  return Bind(begin, bytes, kPreferred, uint64_t{1} << node, kMove);
}

bool InterleavePages(const uint8_t* begin, size_t bytes, const std::vector<NumaNode>& nodes) {
  uint64_t mask = 0;
  for (const NumaNode& node : nodes) mask |= uint64_t{1} << node.id;
  return Bind(begin, bytes, kInterleave, mask, 0ul);
}

bool CanPlacePages(int32_t node) {
  const size_t bytes = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  void* page = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED) return false;
  const bool can = MovePages(static_cast<const uint8_t*>(page), bytes, node);
  munmap(page, bytes);
  return can;
}

#else

bool IsMainThread() { return false; }
bool StayOn(const NumaNode&) { return false; }
bool MovePages(const uint8_t*, size_t, int32_t) { return false; }
bool InterleavePages(const uint8_t*, size_t, const std::vector<NumaNode>&) { return false; }
bool CanPlacePages(int32_t) { return false; }

#endif

}  // namespace turnwise
