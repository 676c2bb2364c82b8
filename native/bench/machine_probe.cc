#include "machine_probe.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstring>

namespace turnwise {
namespace {

// One task; small enough for threads to finish together, large enough to hide that they fetch it.
constexpr size_t kChunkBytes = size_t{1} << 20;
// The int8 loop runs in tasks of one to two milliseconds, so many on each thread.
constexpr double kTaskSeconds = 1e-3;
constexpr int kTasksOfAThread = 32;

using Clock = std::chrono::steady_clock;

double SecondsSince(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

// Where results go that nobody reads, so that the work is not dropped.
std::atomic<uint64_t> unread{0};

// 16 sums over one run of memory. Plain C++: loads of any width reach what memory gives.
uint64_t SumWords(const uint8_t* bytes, size_t count) {
  uint64_t sums[16] = {};
  for (size_t i = 0; i < count; i += sizeof sums) {
    uint64_t words[16];
    std::memcpy(words, bytes + i, sizeof words);
    for (int j = 0; j < 16; ++j) sums[j] += words[j];
  }
  uint64_t total = 0;
  for (const uint64_t sum : sums) total += sum;
  return total;
}

// One stage of equal tasks.
template <class Task>
class OneStage final : public StagedWork {
 public:
  OneStage(int tasks, Task task) : tasks_(tasks), task_(task) {}
  int StageCount() const override { return 1; }
  int TaskCount(int) const override { return tasks_; }
  void RunTask(int, int index, int) override { task_(index); }

 private:
  int tasks_;
  Task task_;
};

template <class Task>
double SecondsOf(ThreadPool* pool, int tasks, Task task) {
  OneStage<Task> work(tasks, task);
  const Clock::time_point begin = Clock::now();
  pool->Run(&work);
  return SecondsSince(begin);
}

}  // namespace

std::unique_ptr<MachineProbe> MachineProbe::Create(const char* isa, int threads, size_t bytes,
                                                   std::string* error) {
  const Int8Peak* peak = FindInt8Peak(isa);
  if (peak == nullptr) {
    *error = std::string("the level ") + isa + " has no loop in native/bench";
    return nullptr;
  }
  std::unique_ptr<MachineProbe> probe(new MachineProbe(peak, threads));
  const size_t whole = std::max(bytes / kChunkBytes, size_t{1}) * kChunkBytes;
  if (!probe->memory_.Allocate(whole, PageSize::kHuge)) {
    *error = "no memory for the block that is read";
    return nullptr;
  }
  // Written by the threads that read it, so that every page is real and near one of them.
  uint8_t* data = probe->memory_.data();
  SecondsOf(&probe->pool_, static_cast<int>(whole / kChunkBytes),
            [data](int task) { std::memset(data + task * kChunkBytes, task | 1, kChunkBytes); });
  return probe;
}

double MachineProbe::ReadBandwidth() {
  const uint8_t* data = memory_.data();
  const double seconds = SecondsOf(&pool_, static_cast<int>(memory_.size() / kChunkBytes), [data](int task) {
    unread.fetch_add(SumWords(data + task * kChunkBytes, kChunkBytes), std::memory_order_relaxed);
  });
  return static_cast<double>(memory_.size()) / seconds;
}

double MachineProbe::Int8Rate() {
  const auto run = [this](int64_t blocks) {
    unread.fetch_add(static_cast<uint64_t>(peak_->run(blocks)), std::memory_order_relaxed);
  };
  // How many blocks make a task; this also wakes the vector units.
  int64_t blocks = 512;
  double task_seconds = 0;
  while (task_seconds < kTaskSeconds) {
    blocks *= 2;
    const Clock::time_point begin = Clock::now();
    run(blocks);
    task_seconds = SecondsSince(begin);
  }
  const int tasks = kTasksOfAThread * pool_.threads();
  const double seconds = SecondsOf(&pool_, tasks, [run, blocks](int) { run(blocks); });
  return static_cast<double>(tasks) * static_cast<double>(blocks * peak_->block_operations) / seconds;
}

}  // namespace turnwise
