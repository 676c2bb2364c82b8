// How long a thread runs before one that waits for its core may have it, where Linux lets a thread choose (6.12 and newer):
// of those that have had no more than their share the one with the shortest slice left goes first. A thread that works for a
// moment at a time asks for short ones, and is not kept waiting by threads that compute. It gets no larger a share by it.
#pragma once

#include <cstdint>

namespace turnwise {

// Of the calling thread and those that it starts from now on, in nanoseconds; 0 for the system's own. False where the system
// does not let it.
bool SetThreadSlice(uint64_t nanoseconds);

// Of the calling thread; 0 where the system does not say.
uint64_t ThreadSlice();

}  // namespace turnwise
