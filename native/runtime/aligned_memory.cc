#include "aligned_memory.h"

#include <sys/mman.h>

#include <limits>
#include <utility>

namespace turnwise {
namespace {

constexpr size_t kHugePageBytes = size_t{2} << 20;

#ifndef MAP_NORESERVE
#define MAP_NORESERVE 0
#endif

}  // namespace

AlignedMemory::~AlignedMemory() { Release(); }

AlignedMemory::AlignedMemory(AlignedMemory&& other) noexcept { *this = std::move(other); }

AlignedMemory& AlignedMemory::operator=(AlignedMemory&& other) noexcept {
  if (this != &other) {
    Release();
    data_ = std::exchange(other.data_, nullptr);
    size_ = std::exchange(other.size_, 0);
    mapping_ = std::exchange(other.mapping_, nullptr);
    mapping_bytes_ = std::exchange(other.mapping_bytes_, 0);
  }
  return *this;
}

bool AlignedMemory::Allocate(size_t bytes, PageSize page_size) {
  Release();
  if (bytes == 0) return true;
  const bool huge = page_size == PageSize::kHuge && bytes >= kHugePageBytes;
  const size_t slack = huge ? kHugePageBytes : 0;
  if (bytes > std::numeric_limits<size_t>::max() - slack) return false;
  constexpr int kFlags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
  void* mapping = mmap(nullptr, bytes + slack, PROT_READ | PROT_WRITE, kFlags, -1, 0);
  if (mapping == MAP_FAILED) return false;
  mapping_ = mapping;
  mapping_bytes_ = bytes + slack;
  uintptr_t begin = reinterpret_cast<uintptr_t>(mapping);
  if (huge) begin = (begin + kHugePageBytes - 1) / kHugePageBytes * kHugePageBytes;
  data_ = reinterpret_cast<uint8_t*>(begin);
  size_ = bytes;
#ifdef MADV_HUGEPAGE
  // A hint: where huge pages are off, memory works as well in small ones.
  if (huge) madvise(data_, size_, MADV_HUGEPAGE);
#endif
  return true;
}

void AlignedMemory::Release() {
  if (mapping_ != nullptr) munmap(mapping_, mapping_bytes_);
  data_ = nullptr;
  size_ = 0;
  mapping_ = nullptr;
  mapping_bytes_ = 0;
}

}  // namespace turnwise
