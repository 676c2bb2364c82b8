// The threads that execute a program: the calling thread and N - 1 workers, which go through a list of
// stages together. A stage's tasks are cut into one run for each group of threads, handed out by an atomic
// counter; a group whose run is empty helps the others, those of its NUMA node first. A barrier stands between stages:
// the last thread of a group reports to the root, the last group releases all. Threads that wait spin for some tens of
// microseconds at most, then park; where spinning did not pay, as on cores that other processes use too, they spin
// less the next time.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <thread>
#include <vector>

#include "numa.h"
#include "thread_groups.h"

namespace turnwise {

// What the pool runs. Tasks of one stage may run at the same time on any thread; none may throw.
class StagedWork {
 public:
  virtual ~StagedWork() = default;
  virtual int StageCount() const = 0;
  virtual int TaskCount(int stage) const = 0;
  virtual void RunTask(int stage, int task, int thread) = 0;
  // Called on the calling thread (thread 0) when all tasks of `stage` are done.
  virtual void StageDone(int /*stage*/) {}
};

class ThreadPool {
 public:
  // Throws std::system_error where a thread cannot be started, std::bad_alloc without memory. `spin` = false parks at once, which is
  // right where threads outnumber the cores. Each of the `nodes`, of which there are `threads` at most, gets an equal part of
  // the threads, which stay on its CPUs; without any they go where the system puts them. The calling thread, which is
  // the first node's, stays too, but for the main thread: what a process starts later would inherit it.
  ThreadPool(int threads, bool spin, std::vector<NumaNode> nodes = {});
  // Joins the workers; no Run may be in progress.
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int threads() const { return threads_; }
  const ThreadGroups& groups() const { return groups_; }
  // Threads that the system did not let stay on their node.
  int refusals() const { return refusals_.load(); }

  // Runs all stages of `work` and returns when the last is done. One caller at a time. Allocates only where
  // there are more stages than one, and than in any run before.
  void Run(StagedWork* work);

 private:
  struct alignas(64) Counter {
    std::atomic<int> next{0};
  };

  struct alignas(64) Arrivals {
    std::atomic<uint64_t> threads{0};
  };

  // How long a thread spins in one kind of wait: twice as long after a wait that ended while it spun, half
  // as long after one that did not.
  struct Patience {
    std::chrono::nanoseconds spin;
  };

  void StartWorkers();
  void StopWorkers();
  void WorkerLoop(int thread);
  // Called by the thread itself.
  void PlaceThread(int thread);
  void Participate(int thread, Patience* at_barrier);
  void RunStage(int stage, int thread);
  // This thread is done with the stage that the pool counts as `stage_number`, from 1.
  void Arrive(int group, uint64_t stage_number);
  // Returns when `value` has reached `target`.
  void WaitFor(const std::atomic<uint64_t>& value, uint64_t target, Patience* patience);
  bool SpinFor(const std::atomic<uint64_t>& value, uint64_t target, Patience* patience) const;
  // Sets what others wait for; wakes those that are parked.
  void Publish(std::atomic<uint64_t>* value, uint64_t now);
  void WakeParked();
  Counter& NextTask(int stage, int group) { return next_tasks_[static_cast<size_t>(stage) * groups_.count() + group]; }

  const int threads_;
  const std::vector<NumaNode> nodes_;
  const ThreadGroups groups_;
  const bool spin_;
  Patience caller_patience_;
  std::vector<std::thread> workers_;
  // [stages][groups]
  std::vector<Counter> next_tasks_;

  // The current run; written by the caller before it publishes `runs_`.
  StagedWork* work_ = nullptr;
  int stage_count_ = 0;
  uint64_t stages_before_ = 0;

  alignas(64) std::atomic<uint64_t> runs_{0};
  // Stages that all threads are done with, over all runs.
  alignas(64) std::atomic<uint64_t> stages_done_{0};
  // Groups that are done with a stage, and each group's threads, counted over all stages of all runs.
  alignas(64) std::atomic<uint64_t> group_arrivals_{0};
  std::vector<Arrivals> arrivals_;
  alignas(64) std::atomic<int> parked_{0};
  std::atomic<bool> stopping_{false};
  std::atomic<uint64_t> workers_placed_{0};
  std::atomic<int> refusals_{0};
  std::mutex mutex_;
  std::condition_variable wake_;
};

}  // namespace turnwise
