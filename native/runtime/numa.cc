#include "numa.h"

#if defined(__linux__)
#include <cstring>

#include "aligned_memory.h"

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

struct Pages {
  uintptr_t begin;
  uintptr_t end;
};

// Those wholly in a range; with fewer than one, `begin` is not below `end`.
Pages WholePages(uintptr_t begin, uintptr_t end, size_t page_bytes) {
  return {(begin + page_bytes - 1) / page_bytes * page_bytes, end / page_bytes * page_bytes};
}
Pages WholePages(const uint8_t* begin, size_t bytes) {
  const uintptr_t address = reinterpret_cast<uintptr_t>(begin);
  return WholePages(address, address + bytes, static_cast<size_t>(sysconf(_SC_PAGESIZE)));
}

// No pages are nothing to do.
bool Bind(Pages pages, unsigned long mode, uint64_t nodes, unsigned long flags) {
  if (pages.begin >= pages.end) return true;
  // The kernel reads one bit fewer than it is told.
  constexpr unsigned long kMaskBits = kMaxNumaNodes + 1;
  return syscall(SYS_mbind, pages.begin, pages.end - pages.begin, mode, &nodes, kMaskBits, flags) == 0;
}

uint64_t MaskOf(int32_t node) { return uint64_t{1} << node; }

// Puts a copy that lies on the node in the pages' place, at once for all who read.
bool CopyToNode(Pages pages, int32_t node) {
  if (pages.begin >= pages.end) return true;
  const size_t bytes = pages.end - pages.begin;
  void* copy = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (copy == MAP_FAILED) return false;
  const uintptr_t begin = reinterpret_cast<uintptr_t>(copy);
  void* place = reinterpret_cast<void*>(pages.begin);
  if (Bind({begin, begin + bytes}, kPreferred, MaskOf(node), 0)) {
    std::memcpy(copy, place, bytes);
    if (mremap(copy, bytes, bytes, MREMAP_MAYMOVE | MREMAP_FIXED, place) != MAP_FAILED) return true;
  }
  munmap(copy, bytes);
  return false;
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
  return Bind(WholePages(begin, bytes), kPreferred, MaskOf(node), kMove);
}

bool MoveOwnPages(const uint8_t* begin, size_t bytes, int32_t node) {
  const Pages pages = WholePages(begin, bytes);
  const Pages huge = WholePages(pages.begin, pages.end, kHugePageBytes);
  if (huge.begin >= huge.end) return CopyToNode(pages, node);
  return CopyToNode({pages.begin, huge.begin}, node) && CopyToNode({huge.end, pages.end}, node) &&
         Bind(huge, kPreferred, MaskOf(node), kMove);
}

bool InterleavePages(const uint8_t* begin, size_t bytes, const std::vector<NumaNode>& nodes) {
  uint64_t mask = 0;
  for (const NumaNode& node : nodes) mask |= MaskOf(node.id);
  return Bind(WholePages(begin, bytes), kInterleave, mask, 0);
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
bool MoveOwnPages(const uint8_t*, size_t, int32_t) { return false; }
bool InterleavePages(const uint8_t*, size_t, const std::vector<NumaNode>&) { return false; }
bool CanPlacePages(int32_t) { return false; }

#endif

}  // namespace turnwise
