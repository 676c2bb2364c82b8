#include "mapped_file.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <mutex>

namespace turnwise {
namespace {

// Copies of written pages are not reserved beforehand: there are hardly ever any.
#ifdef MAP_NORESERVE
constexpr int kNoReserve = MAP_NORESERVE;
#else
constexpr int kNoReserve = 0;
#endif

// What the signal handler may look at: fixed memory and atomics only.
struct Guard {
  std::atomic<uintptr_t> begin{0};  // 0: free
  std::atomic<uintptr_t> end{0};
  std::atomic<int> file{-1};
  std::atomic<bool> truncated{false};
};

Guard guards[kMaxMappedFiles];
struct sigaction previous_action;
std::once_flag handler_installed;
std::mutex guards_mutex;

Guard* FindGuard(uintptr_t address) {
  for (Guard& guard : guards) {
    const uintptr_t begin = guard.begin.load(std::memory_order_acquire);
    if (begin != 0 && address >= begin && address < guard.end.load(std::memory_order_relaxed)) return &guard;
  }
  return nullptr;
}

void PassOn(int signal, siginfo_t* info, void* context) {
  if (previous_action.sa_flags & SA_SIGINFO) {
    previous_action.sa_sigaction(signal, info, context);
  } else if (previous_action.sa_handler != SIG_DFL && previous_action.sa_handler != SIG_IGN) {
    previous_action.sa_handler(signal);
  } else if (previous_action.sa_handler == SIG_DFL || info->si_code > 0) {
    // A fault happens again at return, a signal that a process sent does not; the default action then
    // ends the process.
    ::signal(signal, SIG_DFL);
    if (info->si_code <= 0) raise(signal);
  }
}

// mmap is a plain system call here and safe in a handler. errno belongs to the interrupted code.
void OnBusError(int signal, siginfo_t* info, void* context) {
  const int saved_errno = errno;
  const uintptr_t address = reinterpret_cast<uintptr_t>(info->si_addr);
  Guard* guard = FindGuard(address);
  bool replaced = false;
  if (guard != nullptr && info->si_code == BUS_ADRERR) {
    const uintptr_t page_bytes = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
    void* page = reinterpret_cast<void*>(address / page_bytes * page_bytes);
    guard->truncated.store(true);
    replaced = mmap(page, page_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != MAP_FAILED;
  }
  if (!replaced) PassOn(signal, info, context);
  errno = saved_errno;
}

void InstallHandler() {
  struct sigaction action;
  std::memset(&action, 0, sizeof(action));
  action.sa_sigaction = OnBusError;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK;
  sigemptyset(&action.sa_mask);
  sigaction(SIGBUS, &action, &previous_action);
}

// False where all places are taken.
bool AddGuard(const uint8_t* data, size_t size, int file) {
  std::call_once(handler_installed, InstallHandler);
  std::lock_guard<std::mutex> lock(guards_mutex);
  for (Guard& guard : guards) {
    if (guard.begin.load(std::memory_order_relaxed) != 0) continue;
    guard.truncated.store(false, std::memory_order_relaxed);
    guard.file.store(file, std::memory_order_relaxed);
    guard.end.store(reinterpret_cast<uintptr_t>(data) + size, std::memory_order_relaxed);
    guard.begin.store(reinterpret_cast<uintptr_t>(data), std::memory_order_release);
    return true;
  }
  return false;
}

void RemoveGuard(const uint8_t* data) {
  std::lock_guard<std::mutex> lock(guards_mutex);
  for (Guard& guard : guards) {
    if (guard.begin.load(std::memory_order_relaxed) == reinterpret_cast<uintptr_t>(data)) guard.begin.store(0);
  }
}

timespec ModifiedTime(const struct stat& status) {
#ifdef __APPLE__
  return status.st_mtimespec;
#else
  return status.st_mtim;
#endif
}

std::string Reason(const char* what) { return std::string(what) + ": " + std::strerror(errno); }

}  // namespace

std::shared_ptr<MappedFile> MappedFile::Open(const std::string& path, Writes writes, std::string* error) {
  std::shared_ptr<MappedFile> mapped(new MappedFile());
  mapped->path_ = path;
  // A FIFO would be waited for, until someone writes to it; regular files know no such wait.
  mapped->file_ = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  struct stat& status = mapped->opened_;
  if (mapped->file_ < 0) {
    *error = Reason("open");
  } else if (fstat(mapped->file_, &status) != 0) {
    *error = Reason("stat");
  } else if (!S_ISREG(status.st_mode)) {
    *error = "not a regular file";
  } else if (status.st_size > 0) {  // an empty file has no mapping and needs none
    const int protection = writes == Writes::kCopied ? PROT_READ | PROT_WRITE : PROT_READ;
    void* data = mmap(nullptr, status.st_size, protection, MAP_PRIVATE | kNoReserve, mapped->file_, 0);
    if (data == MAP_FAILED) {
      *error = Reason("mmap");
    } else {
      mapped->data_ = static_cast<uint8_t*>(data);
      mapped->size_ = static_cast<size_t>(status.st_size);
      if (!AddGuard(mapped->data_, mapped->size_, mapped->file_)) {
        *error = "this process maps " + std::to_string(kMaxMappedFiles) + " model files already, and no more";
      }
    }
  }
  return error->empty() ? mapped : nullptr;
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) {
    RemoveGuard(data_);
    munmap(data_, size_);
  }
  if (file_ >= 0) close(file_);
}

bool MappedFile::IsCurrent() const {
  struct stat now;
  if (stat(path_.c_str(), &now) != 0) return false;
  const timespec before = ModifiedTime(opened_), after = ModifiedTime(now);
  return now.st_dev == opened_.st_dev && now.st_ino == opened_.st_ino && now.st_size == opened_.st_size &&
         after.tv_sec == before.tv_sec && after.tv_nsec == before.tv_nsec;
}

bool IsTruncated(const uint8_t* data) {
  const Guard* guard = FindGuard(reinterpret_cast<uintptr_t>(data));
  if (guard == nullptr) return false;
  // The handler does not see a cut inside the last page that is left: its rest reads as zeros.
  struct stat status;
  const uintptr_t size = guard->end.load() - guard->begin.load();
  return guard->truncated.load() || fstat(guard->file.load(), &status) != 0 ||
         static_cast<uintptr_t>(status.st_size) < size;
}

}  // namespace turnwise
