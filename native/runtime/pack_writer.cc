#include "pack_writer.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

#include "block_sums.h"

namespace turnwise {
namespace {

// Of the whole file: anyone may read it, nobody is to change it.
constexpr mode_t kFileMode = 0444;

// The thread's share of a busy CPU becomes the least there is. On Linux a thread has its own; elsewhere
// `who` = 0 would mean the whole process.
void BeHumble() {
#ifdef __linux__
  setpriority(PRIO_PROCESS, 0, 19);
#endif
}

// Starts writing a range to the disk and waits until the one before it is there.
void PushToDisk(int file, size_t offset, size_t bytes) {
#ifdef __linux__
  sync_file_range(file, static_cast<off_t>(offset), static_cast<off_t>(bytes), SYNC_FILE_RANGE_WRITE);
  if (offset < bytes) return;
  sync_file_range(file, static_cast<off_t>(offset - bytes), static_cast<off_t>(bytes),
                  SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER);
#else
  (void)file, (void)offset, (void)bytes;
#endif
}

// Takes the lock of `file`. False with errno, which is EWOULDBLOCK where another holds it, or held it and gave
// the file its final name meanwhile.
bool LockFile(int file, const std::string& path) {
  struct stat open_status, named;
  if (flock(file, LOCK_EX | LOCK_NB) != 0 || fstat(file, &open_status) != 0) return false;
  const bool is_named = stat(path.c_str(), &named) == 0;
  if (!is_named && errno != ENOENT) return false;
  if (is_named && open_status.st_ino == named.st_ino && open_status.st_dev == named.st_dev) return true;
  errno = EWOULDBLOCK;
  return false;
}

void SyncFolderOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  const int file = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (file < 0) return;
  fsync(file);
  close(file);
}

}  // namespace

PackWriter::PackWriter(PackOutput output) : output_(std::move(output)), thread_([this] { Run(); }) {}

PackWriter::~PackWriter() {
  cancelled_.store(true);
  thread_.join();
}

double PackWriter::fraction() const {
  return output_.bytes == 0 ? 1 : static_cast<double>(done_.load()) / static_cast<double>(output_.bytes);
}

void PackWriter::Run() {
  BeHumble();
  state_.store(Write(), std::memory_order_release);
}

PackWriter::State PackWriter::Write() {
  const char* partial = output_.partial_path.c_str();
  const int file = open(partial, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (file < 0) {
    Fail("open");
    return State::kFailed;
  }
  if (!LockFile(file, output_.partial_path)) {
    // A file system may have no locks: then nobody writes, and the reason is said.
    const bool is_busy = errno == EWOULDBLOCK;
    if (!is_busy) Fail("lock");
    close(file);
    return is_busy ? State::kBusy : State::kFailed;
  }
  const bool written = WriteBlocks(file) && Finish(file);
  if (!written) unlink(partial);
  close(file);
  return written ? State::kWritten : State::kFailed;
}

bool PackWriter::WriteBlocks(int file) {
  if (ftruncate(file, 0) != 0) return Fail("truncate");
  std::vector<uint64_t> sums(SumBlockCount(output_.bytes));
  for (size_t block = 0; block < sums.size(); ++block) {
    if (cancelled_.load(std::memory_order_relaxed)) {
      reason_ = "cancelled";
      return false;
    }
    const size_t begin = block * kSumBlockBytes;
    const size_t bytes = std::min(kSumBlockBytes, output_.bytes - begin);
    sums[block] = BlockSum(output_.data, output_.bytes, block);
    if (!WriteAt(file, output_.data + begin, bytes, output_.data_offset + begin)) return false;
    PushToDisk(file, output_.data_offset + begin, bytes);
    done_.store(begin + bytes, std::memory_order_relaxed);
  }
  return WriteAt(file, reinterpret_cast<const uint8_t*>(sums.data()), sums.size() * sizeof(uint64_t),
                 output_.sums_offset);
}

bool PackWriter::Finish(int file) {
  if (!WriteAt(file, output_.header.data(), output_.header.size(), 0)) return false;
  if (fsync(file) != 0) return Fail("fsync");
  if (rename(output_.partial_path.c_str(), output_.path.c_str()) != 0) return Fail("rename");
  // Not before it has its name: what a kill leaves under the other one must be writable for who takes it over. A file
  // system without modes does without.
  (void)fchmod(file, kFileMode);
  SyncFolderOf(output_.path);
  return true;
}

bool PackWriter::WriteAt(int file, const uint8_t* data, size_t bytes, size_t offset) {
  while (bytes > 0) {
    const ssize_t written = pwrite(file, data, bytes, static_cast<off_t>(offset));
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return Fail("write");
    data += written;
    offset += static_cast<size_t>(written);
    bytes -= static_cast<size_t>(written);
  }
  return true;
}

bool PackWriter::Fail(const char* what) {
  reason_ = std::string(what) + ": " + std::strerror(errno);
  return false;
}

}  // namespace turnwise
