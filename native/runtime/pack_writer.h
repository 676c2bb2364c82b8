// Writes packed weights to a file while the model runs on them: on a thread of its own, at the lowest
// priority, in blocks that are pushed to the disk as they come, so that dirty pages do not pile up. The
// file appears under its name whole or not at all: it is written under another one, flushed and renamed.
//
// That other file is locked while it is written. A second process finds it so and leaves it; the lock of
// one that was killed is gone, and the next writer takes over what it left.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

namespace turnwise {

struct PackOutput {
  std::string path;
  // In the same folder.
  std::string partial_path;
  // Written at the file's beginning, last of all.
  std::vector<uint8_t> header;
  // Where the blocks' sums go, and where the data.
  size_t sums_offset;
  size_t data_offset;
  const uint8_t* data;
  size_t bytes;
};

class PackWriter {
 public:
  // kBusy: another process writes the same file.
  enum class State : int32_t { kWriting, kWritten, kBusy, kFailed };

  explicit PackWriter(PackOutput output);
  // Cancels what is not yet written and removes it.
  ~PackWriter();

  State state() const { return state_.load(std::memory_order_acquire); }
  // 0..1
  double fraction() const;
  // Of kFailed; empty before.
  std::string reason() const { return state() == State::kFailed ? reason_ : std::string(); }

 private:
  void Run();
  State Write();
  bool WriteBlocks(int file);
  bool Finish(int file);
  bool WriteAt(int file, const uint8_t* data, size_t bytes, size_t offset);
  bool Fail(const char* what);

  const PackOutput output_;
  std::string reason_;
  std::atomic<State> state_{State::kWriting};
  std::atomic<bool> cancelled_{false};
  std::atomic<size_t> done_{0};
  std::thread thread_;
};

}  // namespace turnwise
