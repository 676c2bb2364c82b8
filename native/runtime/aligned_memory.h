// Anonymous memory from the system: zero at first, aligned to 64 bytes or better, and costing nothing
// until it is touched.
#pragma once

#include <cstddef>
#include <cstdint>

namespace turnwise {

// kHuge asks for pages of 2 MiB where the block is that large: weights that are streamed whole spend
// 14 % of a decode step on TLB misses in small ones. kSmall takes memory in steps of 4 KiB.
enum class PageSize { kSmall, kHuge };

class AlignedMemory {
 public:
  AlignedMemory() = default;
  ~AlignedMemory();
  AlignedMemory(AlignedMemory&& other) noexcept;
  AlignedMemory& operator=(AlignedMemory&& other) noexcept;
  AlignedMemory(const AlignedMemory&) = delete;
  AlignedMemory& operator=(const AlignedMemory&) = delete;

  // Replaces the memory by `bytes` zero bytes; false where the system refuses (then it holds nothing).
  bool Allocate(size_t bytes, PageSize page_size = PageSize::kSmall);

  uint8_t* data() const { return data_; }
  size_t size() const { return size_; }

 private:
  void Release();

  uint8_t* data_ = nullptr;
  size_t size_ = 0;
  // What munmap needs: `data_` may lie inside, for alignment to a huge page.
  void* mapping_ = nullptr;
  size_t mapping_bytes_ = 0;
};

}  // namespace turnwise
