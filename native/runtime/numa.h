// NUMA nodes on Linux: the CPUs a thread stays on, and the memory that pages lie in. By system calls, without libnuma:
// sched_setaffinity(2), mbind(2), mremap(2). All of it is placement, which no result depends on: what the system refuses, as
// containers do with mbind, is left as it was, and whoever asked is told by false.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace turnwise {

struct NumaNode {
  // The system's number, 0 .. kMaxNumaNodes - 1.
  int32_t id;
  // Of its CPUs those that the process may use, at least one.
  std::vector<int32_t> cpus;
};

constexpr int32_t kMaxNumaNodes = 64;
constexpr int32_t kMaxCpus = 4096;

// Whether the calling thread is the one that the process began with.
bool IsMainThread();

// Keeps the calling thread, and the threads that it starts from then on, on the node's CPUs.
bool StayOn(const NumaNode& node);

// Moves the pages that lie wholly in the range to the memory of a node; those that are touched first from then on come there
// too, or to another node where it is full.
bool MovePages(const uint8_t* begin, size_t bytes, int32_t node);

// MovePages for anonymous memory that nobody writes meanwhile, and whose first and last page are the caller's too. A huge page
// that reaches beyond the range would come along whole, and go again with the next range; here what lies in the range gets
// pages of its own.
bool MoveOwnPages(const uint8_t* begin, size_t bytes, int32_t node);

// Pages of the range that are touched first from then on come to the nodes in turn.
bool InterleavePages(const uint8_t* begin, size_t bytes, const std::vector<NumaNode>& nodes);

// Whether the system places memory on a node for this process, tried with a page of its own.
bool CanPlacePages(int32_t node);

}  // namespace turnwise
