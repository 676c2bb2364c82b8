// The pages of the KV cache. A page holds `page_tokens` tokens of every layer and KV head:
// [layer][KV head] blocks of the kernels' PageLayout. Which page belongs to whom is the engine's
// business; here are only the bytes.
#pragma once

#include <string>

#include "../kernels/kernels.h"
#include "../program/program.h"
#include "aligned_memory.h"

namespace turnwise {

class KvPool {
 public:
  // Reserves `pages` pages; memory is used as pages are first written. False with a reason.
  bool Allocate(const KvSpec& spec, int32_t pages, std::string* error);

  const PageLayout& layout() const { return layout_; }
  int32_t pages() const { return pages_; }
  const uint8_t* data() const { return memory_.data(); }
  size_t bytes() const { return memory_.size(); }

  uint8_t* Block(int32_t page, int32_t layer, int32_t kv_head) const {
    return memory_.data() + static_cast<size_t>(page) * page_bytes_ +
           (static_cast<size_t>(layer) * kv_heads_ + kv_head) * layout_.block_bytes;
  }

  // Copies page `from` to page `to`. The whole page: blocks interleave tokens, and what lies behind the
  // last token is never attended.
  void CopyPage(int32_t from, int32_t to);

 private:
  PageLayout layout_{};
  int32_t pages_ = 0;
  int32_t kv_heads_ = 0;
  size_t page_bytes_ = 0;
  AlignedMemory memory_;
};

}  // namespace turnwise
