#include "numa.h"

#if defined(__linux__)
#include <sched.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstring>
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

uintptr_t RoundDown(uintptr_t address, size_t step) { return address / step * step; }
uintptr_t RoundUp(uintptr_t address, size_t step) { return RoundDown(address + step - 1, step); }

size_t PageBytes() { return static_cast<size_t>(sysconf(_SC_PAGESIZE)); }
// Of the huge pages that the system makes by itself: what one page of its tables, of 8 bytes an entry, maps.
size_t HugePageBytes() { return PageBytes() / 8 * PageBytes(); }

// Those wholly in a range; with fewer than one, `begin` is not below `end`.
Pages WholePages(const uint8_t* begin, size_t bytes) {
  const uintptr_t address = reinterpret_cast<uintptr_t>(begin);
  return {RoundUp(address, PageBytes()), RoundDown(address + bytes, PageBytes())};
}

// No pages are nothing to do.
bool Bind(Pages pages, unsigned long mode, uint64_t nodes, unsigned long flags) {
  if (pages.begin >= pages.end) return true;
  // The kernel reads one bit fewer than it is told.
  constexpr unsigned long kMaskBits = kMaxNumaNodes + 1;
  return syscall(SYS_mbind, pages.begin, pages.end - pages.begin, mode, &nodes, kMaskBits, flags) == 0;
}

uint64_t MaskOf(int32_t node) { return uint64_t{1} << node; }

// Puts a copy that lies on the node in the pages' place, at once for whoever reads. False where the system refuses.
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
    // A system that runs out of memory in the middle of it leaves a hole there.
    constexpr int kFlags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED;
    if (mmap(place, bytes, PROT_READ | PROT_WRITE, kFlags, -1, 0) != MAP_FAILED) std::memcpy(place, copy, bytes);
  }
  munmap(copy, bytes);
  return false;
}

// Copies to the node, or where that is refused moves as many as the system moves.
bool CopyOrMove(Pages pages, int32_t node) {
  return CopyToNode(pages, node) || Bind(pages, kPreferred, MaskOf(node), kMove);
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
  if (bytes == 0) return true;
  const uintptr_t address = reinterpret_cast<uintptr_t>(begin);
  const Pages pages = {RoundDown(address, PageBytes()), RoundUp(address + bytes, PageBytes())};
  const Pages huge = {RoundUp(pages.begin, HugePageBytes()), RoundDown(pages.end, HugePageBytes())};
  if (huge.begin >= huge.end) return CopyOrMove(pages, node);
  const bool has_begin = CopyOrMove({pages.begin, huge.begin}, node);
  const bool has_end = CopyOrMove({huge.end, pages.end}, node);
  return Bind(huge, kPreferred, MaskOf(node), kMove) && has_begin && has_end;
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
