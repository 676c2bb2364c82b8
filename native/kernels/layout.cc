// Sizes and offsets of packed matrices and KV pages, as kernels.h describes them; the same on every ISA
// level.
#include "attend_scratch.h"
#include "kernels.h"

namespace turnwise {

namespace {

constexpr size_t RoundUp(size_t value, size_t multiple) { return (value + multiple - 1) / multiple * multiple; }

// Parts begin at cache lines, so that one aligned load never touches two.
constexpr size_t kPartAlignBytes = 64;

}  // namespace

size_t PackedTileBytes(WeightFormat format, int32_t columns) {
  const WeightFormatInfo& info = InfoOf(format);
  const size_t groups = static_cast<size_t>(columns / info.group_columns);
  return groups * static_cast<size_t>(info.group_bytes) * kTileRows;
}

PageLayout MakePageLayout(KvType type, int32_t page_tokens, int32_t head_dim) {
  const size_t tokens = static_cast<size_t>(page_tokens);
  const size_t dim = static_cast<size_t>(head_dim);
  const size_t padded = RoundUp(dim, kTileRows);
  const bool integers = type == KvType::kInt8;
  const size_t value_bytes = integers ? 1 : type == KvType::kF16 ? 2 : 4;
  const size_t k_bytes = tokens * (integers ? RoundUp(dim, 4) : dim) * value_bytes;
  const size_t v_bytes = tokens * padded * value_bytes;
  const size_t scales_bytes = integers ? RoundUp(tokens * sizeof(float), kPartAlignBytes) : 0;

  PageLayout layout;
  layout.type = type;
  layout.page_tokens = page_tokens;
  layout.head_dim = head_dim;
  layout.padded_dim = static_cast<int32_t>(padded);
  layout.k_offset = 0;
  layout.v_offset = RoundUp(k_bytes, kPartAlignBytes);
  layout.k_scales_offset = layout.v_offset + RoundUp(v_bytes, kPartAlignBytes);
  layout.v_scales_offset = layout.k_scales_offset + scales_bytes;
  layout.block_bytes = layout.v_scales_offset + scales_bytes;
  return layout;
}

size_t AttendScratchBytes(int32_t rows, const PageLayout& layout) {
  return DivideScratch(nullptr, rows, layout).bytes;
}

}  // namespace turnwise
