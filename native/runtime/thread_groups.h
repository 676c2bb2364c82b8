// Threads in groups of neighbours that share a counter, so that no cache line is written by all threads of
// a large machine: 64 threads that each add one to the same line take some 64 x 50 ns for a stage that
// takes 100 us altogether. A group's threads are of one NUMA node, and the nodes have equal numbers of groups.
#pragma once

#include <algorithm>

namespace turnwise {

class ThreadGroups {
 public:
  // About the cores that share a cache or a mesh stop; up to so many, one counter is as good.
  static constexpr int kThreads = 8;

  // As many threads as nodes, or more.
  explicit ThreadGroups(int threads, int nodes = 1)
      : threads_(threads), groups_of_node_(((threads + nodes - 1) / nodes + kThreads - 1) / kThreads),
        count_(nodes * groups_of_node_) {}

  int count() const { return count_; }
  int NodeOf(int group) const { return group / groups_of_node_; }
  int Of(int thread) const { return static_cast<int>(static_cast<long long>(thread) * count_ / threads_); }
  // Threads of a group: they differ by one at most.
  int Size(int group) const { return First(group + 1) - First(group); }
  // The first of a group's tasks; the next group's first ends them.
  int FirstTask(int tasks, int group) const {
    return static_cast<int>(static_cast<long long>(tasks) * First(group) / threads_);
  }
  // The same of a node's groups.
  int FirstTaskOfNode(int tasks, int node) const { return FirstTask(tasks, node * groups_of_node_); }
  // Whose tasks threads of the group `own` take in round `round` of count(): its own, then those of the other groups of
  // its node, then of each further node; groups of one node begin at different groups of the next.
  int TakesFrom(int own, int round) const {
    const int node = (NodeOf(own) + round / groups_of_node_) % (count_ / groups_of_node_);
    return node * groups_of_node_ + (own + round) % groups_of_node_;
  }

 private:
  int First(int group) const { return (group * threads_ + count_ - 1) / count_; }

  const int threads_;
  const int groups_of_node_;
  const int count_;
};

}  // namespace turnwise
