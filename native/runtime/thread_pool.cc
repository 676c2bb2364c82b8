#include "thread_pool.h"

#include <pthread.h>
#include <signal.h>

#include <algorithm>
#include <string>
#include <system_error>
#include <utility>

#if defined(__x86_64__) || defined(_M_X64)
#include <immintrin.h>
#endif

namespace turnwise {
namespace {

// Longer than what threads differ by at a barrier of a decode step, far shorter than a scheduling tick.
constexpr std::chrono::nanoseconds kLongestSpin = std::chrono::microseconds(40);
// What is always tried, so that patience can grow again.
constexpr std::chrono::nanoseconds kShortestSpin = std::chrono::microseconds(1);
// Polls between two looks at the clock.
constexpr int kSpinBatch = 16;

inline void Pause() {
#if defined(__x86_64__) || defined(_M_X64)
  _mm_pause();
#elif defined(__aarch64__)
  asm volatile("isb" ::: "memory");
#endif
}

void NameThread(int thread) {
  const std::string name = "turnwise-" + std::to_string(thread);
#if defined(__linux__)
  pthread_setname_np(pthread_self(), name.c_str());
#elif defined(__APPLE__)
  pthread_setname_np(name.c_str());
#endif
}

// Blocks the signals that the process's own threads should get; faults still reach the thread that
// caused them. Restores the caller's mask at the end of its scope.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t blocked;
    sigfillset(&blocked);
    for (int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT}) sigdelset(&blocked, fault);
    pthread_sigmask(SIG_SETMASK, &blocked, &before_);
  }
  ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_;
};

}  // namespace

ThreadPool::ThreadPool(int threads, bool spin, std::vector<NumaNode> nodes)
    : threads_(threads),
      nodes_(std::move(nodes)),
      groups_(threads, std::max(1, static_cast<int>(nodes_.size()))),
      spin_(spin),
      caller_patience_{kLongestSpin},
      next_tasks_(static_cast<size_t>(groups_.count())),
      arrivals_(static_cast<size_t>(groups_.count())) {
  StartWorkers();
  if (nodes_.empty()) return;
  if (!IsMainThread()) PlaceThread(0);
  // So that refusals() has all of them.
  Patience patience{kLongestSpin};
  WaitFor(workers_placed_, static_cast<uint64_t>(threads_ - 1), &patience);
}

ThreadPool::~ThreadPool() { StopWorkers(); }

void ThreadPool::StartWorkers() {
  SignalsBlocked blocked;
  workers_.reserve(threads_ - 1);
  try {
    for (int thread = 1; thread < threads_; ++thread) workers_.emplace_back([this, thread] { WorkerLoop(thread); });
  } catch (const std::system_error& failure) {
    StopWorkers();
    throw std::system_error(failure.code(), "cannot start " + std::to_string(threads_) + " threads");
  } catch (...) {
    // No memory for one. Threads that are not joined would end the process.
    StopWorkers();
    throw;
  }
}

void ThreadPool::StopWorkers() {
  stopping_.store(true);
  Publish(&runs_, runs_.load() + 1);
  for (std::thread& worker : workers_) worker.join();
  workers_.clear();
}

void ThreadPool::WorkerLoop(int thread) {
  NameThread(thread);
  if (!nodes_.empty()) {
    PlaceThread(thread);
    workers_placed_.fetch_add(1);
    WakeParked();
  }
  Patience at_start{kLongestSpin};
  Patience at_barrier{kLongestSpin};
  for (uint64_t run = 1;; ++run) {
    WaitFor(runs_, run, &at_start);
    if (stopping_.load()) return;
    Participate(thread, &at_barrier);
  }
}

void ThreadPool::PlaceThread(int thread) {
  if (!StayOn(nodes_[static_cast<size_t>(groups_.NodeOf(groups_.Of(thread)))])) refusals_.fetch_add(1);
}

void ThreadPool::Run(StagedWork* work) {
  const int stages = work->StageCount();
  if (stages == 0) return;
  // Nothing to share: waking the others would only cost time.
  if (stages == 1 && work->TaskCount(0) <= 1) {
    if (work->TaskCount(0) == 1) work->RunTask(0, 0, 0);
    work->StageDone(0);
    return;
  }
  const size_t counters = static_cast<size_t>(stages) * groups_.count();
  if (next_tasks_.size() < counters) next_tasks_ = std::vector<Counter>(counters);
  for (int stage = 0; stage < stages; ++stage) {
    const int tasks = work->TaskCount(stage);
    for (int group = 0; group < groups_.count(); ++group) {
      NextTask(stage, group).next.store(groups_.FirstTask(tasks, group), std::memory_order_relaxed);
    }
  }
  work_ = work;
  stage_count_ = stages;
  stages_before_ = stages_done_.load(std::memory_order_relaxed);
  // Workers may leave the barrier of the run's last stage after the caller, but touch nothing of it then.
  if (threads_ > 1) Publish(&runs_, runs_.load(std::memory_order_relaxed) + 1);
  Participate(0, &caller_patience_);
}

void ThreadPool::Participate(int thread, Patience* at_barrier) {
  // Copies: the next run may be set up while this thread returns from the last barrier.
  const int stages = stage_count_;
  const uint64_t before = stages_before_;
  const int group = groups_.Of(thread);
  for (int stage = 0; stage < stages; ++stage) {
    RunStage(stage, thread);
    const uint64_t number = before + static_cast<uint64_t>(stage) + 1;
    Arrive(group, number);
    if (thread == 0 || stage + 1 < stages) WaitFor(stages_done_, number, at_barrier);
    if (thread == 0) work_->StageDone(stage);
  }
}

void ThreadPool::RunStage(int stage, int thread) {
  StagedWork* work = work_;
  const int tasks = work->TaskCount(stage);
  const int own = groups_.Of(thread);
  for (int round = 0; round < groups_.count(); ++round) {
    const int group = groups_.TakesFrom(own, round);
    const int end = groups_.FirstTask(tasks, group + 1);
    std::atomic<int>& next = NextTask(stage, group).next;
    // A look before the add: threads that help find most runs empty, and should not write to their lines.
    while (next.load(std::memory_order_relaxed) < end) {
      const int task = next.fetch_add(1, std::memory_order_relaxed);
      if (task < end) work->RunTask(stage, task, thread);
    }
  }
}

// Each add acquires what the ones before it released, so that the last thread of all has seen all tasks.
void ThreadPool::Arrive(int group, uint64_t stage_number) {
  const uint64_t threads = static_cast<uint64_t>(groups_.Size(group));
  if (arrivals_[static_cast<size_t>(group)].threads.fetch_add(1) + 1 != threads * stage_number) return;
  if (group_arrivals_.fetch_add(1) + 1 != static_cast<uint64_t>(groups_.count()) * stage_number) return;
  Publish(&stages_done_, stage_number);
}

// Sequentially consistent on both sides: either the parking thread sees the new value, or the
// publishing thread sees it parked. By an exchange: qemu lets a load pass the store before it (STLR and LDAR keep their
// order on Arm, and are plain moves where it runs on x86), and then both threads sleep.
void ThreadPool::Publish(std::atomic<uint64_t>* value, uint64_t now) {
  value->exchange(now);
  WakeParked();
}

void ThreadPool::WakeParked() {
  if (parked_.load() == 0) return;
  std::lock_guard<std::mutex> lock(mutex_);
  wake_.notify_all();
}

void ThreadPool::WaitFor(const std::atomic<uint64_t>& value, uint64_t target, Patience* patience) {
  if (value.load(std::memory_order_acquire) >= target) return;
  if (spin_ && SpinFor(value, target, patience)) return;
  std::unique_lock<std::mutex> lock(mutex_);
  parked_.fetch_add(1);
  wake_.wait(lock, [&] { return value.load() >= target; });
  parked_.fetch_sub(1);
}

// Whether `value` reached `target` while this thread spun.
bool ThreadPool::SpinFor(const std::atomic<uint64_t>& value, uint64_t target, Patience* patience) const {
  const auto deadline = std::chrono::steady_clock::now() + patience->spin;
  do {
    for (int i = 0; i < kSpinBatch; ++i) {
      Pause();
      if (value.load(std::memory_order_acquire) >= target) {
        patience->spin = std::min(patience->spin * 2, kLongestSpin);
        return true;
      }
    }
  } while (std::chrono::steady_clock::now() < deadline);
  patience->spin = std::max(patience->spin / 2, kShortestSpin);
  return false;
}

}  // namespace turnwise
