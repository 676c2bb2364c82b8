// A file mapped for reading: nothing that is written to the mapping reaches the file.
//
// Someone may truncate the file while it is mapped; touching a page behind its new end then raises
// SIGBUS, which ends the process. A handler puts a page of zeros there instead and marks the mapping:
// whoever read it asks IsTruncated and reports an error. Reading with pread would avoid this, at the
// price of copying every weight once more. Faults outside our mappings go to the handler before ours.
#pragma once

#include <sys/stat.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace turnwise {

// At once, of a process: each has a place in a table of fixed size, which the handler may look at. NATIVE_LIMITS in
// src/base/native-limits.ts has it too.
constexpr int kMaxMappedFiles = 2048;

class MappedFile {
 public:
  // kCopied: who writes to the mapping changes a copy of its own of the page. kReadOnly: a write ends the process.
  enum class Writes { kReadOnly, kCopied };

  // Null with a reason, as where kMaxMappedFiles are mapped.
  static std::shared_ptr<MappedFile> Open(const std::string& path, Writes writes, std::string* error);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  const uint8_t* data() const { return data_; }
  size_t size() const { return size_; }
  // Whether the path leads to this file, with the size and time that it had when it was opened.
  bool IsCurrent() const;

 private:
  MappedFile() = default;

  uint8_t* data_ = nullptr;
  size_t size_ = 0;
  int file_ = -1;
  std::string path_;
  struct stat opened_ = {};
};

// Whether `data` lies in a mapped file that was truncated since: what was read may be zeros that the file
// never held. False for memory that is not a mapped file's.
bool IsTruncated(const uint8_t* data);

}  // namespace turnwise
