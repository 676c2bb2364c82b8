// The thread pool under many short runs: every task once, stages in order, and nothing of one run seen by
// the next; on NUMA nodes; and without memory for its threads. Most of its worth is in a build with -fsanitize=thread.
#include <sched.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <new>
#include <thread>
#include <vector>

#include "../runtime/aligned_memory.h"
#include "../runtime/thread_pool.h"
#include "testing.h"

namespace {

// Allocations before the one that fails; negative: none does.
std::atomic<int> allocations_left{-1};

}  // namespace

void* operator new(size_t bytes) {
  const bool fails = allocations_left.load() >= 0 && allocations_left.fetch_sub(1) == 0;
  void* memory = fails ? nullptr : std::malloc(bytes == 0 ? 1 : bytes);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, size_t) noexcept { std::free(memory); }

namespace {

using namespace turnwise;
using namespace turnwise::test;

// Each task adds what the stage before left in all of its slots; plain memory, so that a missing barrier is
// a race and a wrong sum.
class SummingWork final : public StagedWork {
 public:
  explicit SummingWork(std::vector<int> tasks) : tasks_(std::move(tasks)), slots_(tasks_.size()) {
    for (size_t stage = 0; stage < tasks_.size(); ++stage) slots_[stage].assign(static_cast<size_t>(tasks_[stage]), 0);
  }

  int StageCount() const override { return static_cast<int>(tasks_.size()); }
  int TaskCount(int stage) const override { return tasks_[static_cast<size_t>(stage)]; }
  void RunTask(int stage, int task, int) override {
    int64_t sum = 1;
    if (stage > 0) {
      for (const int64_t value : slots_[static_cast<size_t>(stage - 1)]) sum += value;
    }
    slots_[static_cast<size_t>(stage)][static_cast<size_t>(task)] += sum % 1000;
  }
  void StageDone(int stage) override { done_.push_back(stage); }

  // What one thread makes of the same work, once.
  bool IsRight() const {
    int64_t before = 0;
    for (size_t stage = 0; stage < tasks_.size(); ++stage) {
      const int64_t expected = stage == 0 ? 1 : (1 + before) % 1000;
      for (const int64_t value : slots_[stage]) {
        if (value != expected) return false;
      }
      before = expected * tasks_[stage];
      if (done_[stage] != static_cast<int>(stage)) return false;
    }
    return done_.size() == tasks_.size();
  }

 private:
  const std::vector<int> tasks_;
  std::vector<std::vector<int64_t>> slots_;
  std::vector<int> done_;
};

void TestGroups(int threads, int nodes) {
  BeginCase("groups of " + std::to_string(threads) + " threads on " + std::to_string(nodes) + " nodes");
  const ThreadGroups groups(threads, nodes);
  std::vector<int> sizes(static_cast<size_t>(groups.count()), 0);
  for (int thread = 0; thread < threads; ++thread) ++sizes[static_cast<size_t>(groups.Of(thread))];
  for (int group = 0; group < groups.count(); ++group) {
    const int size = sizes[static_cast<size_t>(group)];
    Expect(size == groups.Size(group), "group %d of %d threads", group, size);
    Expect(size >= 1 && size <= ThreadGroups::kThreads, "group %d of %d threads", group, size);
  }
  for (const int tasks : {0, 1, 7, 1000}) {
    Expect(groups.FirstTask(tasks, 0) == 0 && groups.FirstTask(tasks, groups.count()) == tasks, "%d tasks", tasks);
    Expect(groups.FirstTaskOfNode(tasks, nodes) == tasks, "%d tasks", tasks);
  }
  std::vector<int> of_node(static_cast<size_t>(nodes), 0);
  for (int thread = 0; thread < threads; ++thread) ++of_node[static_cast<size_t>(groups.NodeOf(groups.Of(thread)))];
  const int groups_of_node = groups.count() / nodes;
  for (int own = 0; own < groups.count(); ++own) {
    std::vector<int> taken(static_cast<size_t>(groups.count()), 0);
    Expect(groups.TakesFrom(own, 0) == own, "group %d takes from group %d first", own, groups.TakesFrom(own, 0));
    for (int round = 0; round < groups.count(); ++round) {
      const int from = groups.TakesFrom(own, round);
      ++taken[static_cast<size_t>(from)];
      const bool is_near = groups.NodeOf(from) == groups.NodeOf(own);
      Expect(is_near == (round < groups_of_node), "group %d takes from group %d in round %d", own, from, round);
    }
    for (const int times : taken) Expect(times == 1, "group %d takes from a group %d times", own, times);
  }
  for (const int size : of_node) Expect(size == threads / nodes || size == (threads + nodes - 1) / nodes, "%d threads", size);
}

// What lies in memory stays as it is wherever its pages go; a system may refuse to place them, but not for wrong arguments.
void TestPages() {
  BeginCase("pages on node 0");
  AlignedMemory bytes;
  Expect(bytes.Allocate((size_t{7} << 20) + 100, PageSize::kHuge), "memory");
  for (size_t i = 0; i < bytes.size(); ++i) bytes.data()[i] = static_cast<uint8_t>(i * 7);
  const auto is_refused = [] { return errno == EPERM || errno == ENOSYS; };
  Expect(MovePages(bytes.data() + 100, bytes.size() - 200, 0) || is_refused(), "moved: error %d", errno);
  Expect(MoveOwnPages(bytes.data() + 100, bytes.size() - 200, 0) || is_refused(), "copied: error %d", errno);
  Expect(InterleavePages(bytes.data(), bytes.size(), {{0, {0}}}) || is_refused(), "interleaved: error %d", errno);
  Expect(MovePages(bytes.data(), 100, 0), "less than a page");
  Expect(MoveOwnPages(bytes.data() + 5000, 100, 0) || is_refused(), "a page that is more: error %d", errno);
  Expect(MoveOwnPages(bytes.data(), 0, 0), "no page");
  Expect(CanPlacePages(0) || is_refused(), "a page of its own: error %d", errno);
  Expect(!CanPlacePages(kMaxNumaNodes - 1), "a node that is not there");
  bool is_same = true;
  for (size_t i = 0; i < bytes.size(); ++i) is_same = is_same && bytes.data()[i] == static_cast<uint8_t>(i * 7);
  Expect(is_same, "the bytes are others");
}

// Where each thread of a pool may run, as the system has it.
class AffinityWork final : public StagedWork {
 public:
  explicit AffinityWork(int threads) : cpus_(static_cast<size_t>(threads)) {}
  int StageCount() const override { return 1; }
  int TaskCount(int) const override { return 2000; }
  void RunTask(int, int, int thread) override {
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) != 0) return;
    std::vector<int32_t>& cpus = cpus_[static_cast<size_t>(thread)];
    cpus.clear();
    for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
      if (CPU_ISSET(static_cast<size_t>(cpu), &set)) cpus.push_back(cpu);
    }
    std::this_thread::yield();
  }
  const std::vector<int32_t>& CpusOf(int thread) const { return cpus_[static_cast<size_t>(thread)]; }

 private:
  std::vector<std::vector<int32_t>> cpus_;
};

// Two nodes of a CPU each, or the same one twice.
void TestNodes(int threads) {
  BeginCase("pool of " + std::to_string(threads) + " on two nodes");
  cpu_set_t set;
  Expect(sched_getaffinity(0, sizeof set, &set) == 0, "this thread has an affinity");
  std::vector<int32_t> cpus;
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (CPU_ISSET(static_cast<size_t>(cpu), &set)) cpus.push_back(cpu);
  }
  const std::vector<NumaNode> nodes{{0, {cpus.front()}}, {1, {cpus.back()}}};
  // The pool's first thread is its caller, which it leaves alone only where that is the process's first.
  std::thread([&] {
    ThreadPool pool(threads, false, nodes);
    AffinityWork work(threads);
    pool.Run(&work);
    for (int thread = 0; thread < threads; ++thread) {
      const std::vector<int32_t>& found = work.CpusOf(thread);
      // A thread that came late has found no task.
      if (found.empty()) continue;
      const NumaNode& node = nodes[static_cast<size_t>(pool.groups().NodeOf(pool.groups().Of(thread)))];
      Expect(found == node.cpus, "thread %d on %zu CPUs from %d on", thread, found.size(), found.front());
    }
    SummingWork sums({40, 3, 17, 1, 40});
    pool.Run(&sums);
    Expect(sums.IsRight(), "sums of %d threads", threads);
    Expect(pool.refusals() == 0, "%d threads refused", pool.refusals());
    const ThreadPool lost(threads, false, {{0, {kMaxCpus - 1}}});
    Expect(lost.refusals() == threads, "%d of %d threads refused", lost.refusals(), threads);
  }).join();
  cpu_set_t after;
  Expect(sched_getaffinity(0, sizeof after, &after) == 0 && CPU_EQUAL(&set, &after), "the main thread stays free");
}

void TestPool(int threads, bool spin, int runs) {
  BeginCase("pool of " + std::to_string(threads) + (spin ? ", spinning" : ", parking"));
  ThreadPool pool(threads, spin);
  for (int run = 0; run < runs; ++run) {
    std::vector<int> tasks;
    const int stages = RandomBelow(9);
    for (int stage = 0; stage < stages; ++stage) tasks.push_back(RandomBelow(3) == 0 ? RandomBelow(40) : RandomBelow(3));
    SummingWork work(tasks);
    pool.Run(&work);
    Expect(work.IsRight(), "run %d of %d stages", run, stages);
  }
}

// Runs that begin just as the other thread parks. Where that is missed the test never ends: both then sleep.
void TestParkingBesideRuns(int pools) {
  BeginCase("runs that begin while a thread parks");
  using Clock = std::chrono::steady_clock;
  uint32_t random = 1;
  for (int i = 0; i < pools; ++i) {
    ThreadPool pool(2, true);
    for (int run = 0; run < 6; ++run) {
      random = random * 1664525u + 1013904223u;
      const Clock::time_point begin = Clock::now() + std::chrono::microseconds((random >> 8) % 200);
      while (Clock::now() < begin) {
      }
      SummingWork work(std::vector<int>(30, 3));
      pool.Run(&work);
      Expect(work.IsRight(), "a wrong sum");
    }
  }
}

// Wherever memory ends while a pool starts, the threads that run already are joined: else the process would end.
void TestWithoutMemory(int threads) {
  BeginCase("no memory for a pool of " + std::to_string(threads));
  int failures = 0;
  for (bool built = false; !built; failures += built ? 0 : 1) {
    allocations_left.store(failures);
    try {
      ThreadPool pool(threads, false);
      built = true;
    } catch (const std::bad_alloc&) {
    }
    allocations_left.store(-1);
  }
  // One for each worker, at least.
  Expect(failures >= threads - 1, "%d allocations failed", failures);
}

}  // namespace

int main() {
  for (const int threads : {1, 2, 3, 5}) {
    TestPool(threads, true, 150);
    TestPool(threads, false, 150);
  }
  for (const int threads : {1, 2, 8, 9, 16, 17, 64, 96, 192}) {
    for (const int nodes : {1, 2, 4}) {
      if (nodes <= threads) TestGroups(threads, nodes);
    }
  }
  for (const int threads : {2, 9, 64}) TestNodes(threads);
  TestPages();
  // Several groups, on far fewer cores.
  for (const int threads : {9, 17, 40}) TestPool(threads, false, 60);
  TestParkingBesideRuns(3000);
  TestWithoutMemory(5);
  return Finish();
}
