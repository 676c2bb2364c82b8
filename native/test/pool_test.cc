// The thread pool under many short runs: every task once, stages in order, and nothing of one run seen by
// the next; and without memory for its threads. Most of its worth is in a build with -fsanitize=thread.
#include <atomic>
#include <cstdlib>
#include <memory>
#include <new>
#include <vector>

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

void TestGroups(int threads) {
  BeginCase("groups of " + std::to_string(threads) + " threads");
  const ThreadGroups groups(threads);
  std::vector<int> sizes(static_cast<size_t>(groups.count()), 0);
  for (int thread = 0; thread < threads; ++thread) ++sizes[static_cast<size_t>(groups.Of(thread))];
  for (int group = 0; group < groups.count(); ++group) {
    const int size = sizes[static_cast<size_t>(group)];
    Expect(size == groups.Size(group), "group %d of %d threads", group, size);
    Expect(size >= 1 && size <= ThreadGroups::kThreads, "group %d of %d threads", group, size);
  }
  for (const int tasks : {0, 1, 7, 1000}) {
    Expect(groups.FirstTask(tasks, 0) == 0 && groups.FirstTask(tasks, groups.count()) == tasks, "%d tasks", tasks);
  }
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
  for (const int threads : {1, 2, 8, 9, 16, 17, 64, 96, 192}) TestGroups(threads);
  // Several groups, on far fewer cores.
  for (const int threads : {9, 17, 40}) TestPool(threads, false, 60);
  TestWithoutMemory(5);
  return Finish();
}
