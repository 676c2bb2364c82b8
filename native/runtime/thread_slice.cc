#include "thread_slice.h"

#ifdef __linux__
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace turnwise {

#ifdef __linux__
namespace {

// sched_attr of sched_setattr(2), its first version; glibc before 2.41 has neither. `runtime` is the slice of an ordinary thread.
struct SchedAttr {
  uint32_t size = sizeof(SchedAttr);
  uint32_t policy = 0;
  uint64_t flags = 0;
  int32_t nice = 0;
  uint32_t priority = 0;
  uint64_t runtime = 0;
  uint64_t deadline = 0;
  uint64_t period = 0;
};
static_assert(sizeof(SchedAttr) == 48, "SCHED_ATTR_SIZE_VER0");

bool Read(SchedAttr* attr) { return syscall(SYS_sched_getattr, 0, attr, sizeof *attr, 0) == 0; }

// Others have no slices, or mean something else by `runtime`.
bool HasSlice(const SchedAttr& attr) { return attr.policy == SCHED_OTHER || attr.policy == SCHED_BATCH; }

}  // namespace

bool SetThreadSlice(uint64_t nanoseconds) {
  SchedAttr attr;
  if (!Read(&attr) || !HasSlice(attr)) return false;
  attr.runtime = nanoseconds;
  // An older system takes it and does nothing.
  return syscall(SYS_sched_setattr, 0, &attr, 0) == 0 && (nanoseconds == 0 || ThreadSlice() == nanoseconds);
}

uint64_t ThreadSlice() {
  SchedAttr attr;
  return Read(&attr) && HasSlice(attr) ? attr.runtime : 0;
}
#else
bool SetThreadSlice(uint64_t) { return false; }
uint64_t ThreadSlice() { return 0; }
#endif

}  // namespace turnwise
