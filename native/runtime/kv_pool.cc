#include "kv_pool.h"

#include <cstring>

namespace turnwise {

bool KvPool::Allocate(const KvSpec& spec, int32_t pages, std::string* error) {
  layout_ = MakePageLayout(spec.type, spec.page_tokens, spec.head_dim);
  kv_heads_ = spec.kv_heads;
  size_t bytes = 0;
  if (__builtin_mul_overflow(layout_.block_bytes, static_cast<size_t>(spec.layers) * spec.kv_heads, &page_bytes_) ||
      __builtin_mul_overflow(page_bytes_, static_cast<size_t>(pages), &bytes) ||
      // With 4 KiB to an address the TLB does not reach far enough: a fifth of attention at 8,192 tokens.
      !memory_.Allocate(bytes, PageSize::kHuge)) {
    *error = "the system refuses the memory for " + std::to_string(pages) + " KV pages";
    return false;
  }
  pages_ = pages;
  return true;
}

void KvPool::CopyPage(int32_t from, int32_t to) {
  if (from != to) std::memcpy(Block(to, 0, 0), Block(from, 0, 0), page_bytes_);
}

}  // namespace turnwise
