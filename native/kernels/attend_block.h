// Where the 16-token tiles of one block of attention lie; kernels.h gives the layouts inside them.
#pragma once

namespace turnwise {
namespace TURNWISE_ISA {

// 16 tokens of a page.
struct AttendTile {
  const uint8_t* k;
  const uint8_t* v;
  const float* k_scales;
  const float* v_scales;
};

struct AttendBlock {
  AttendTile tiles[kAttendBlockTokens / kTileRows];
};

// Tiles of the task's tokens from `first_token`, counted from the task's first position, on.
inline AttendBlock FindTiles(const AttendTask& task, int first_token, int tiles) {
  const PageLayout& layout = *task.layout;
  const bool integers = layout.type == KvType::kInt8;
  const size_t value_bytes = integers ? 1 : layout.type == KvType::kF16 ? 2 : 4;
  const size_t k_dim = static_cast<size_t>(integers ? (layout.head_dim + 3) / 4 * 4 : layout.head_dim);
  AttendBlock block = {};
  for (int i = 0; i < tiles; ++i) {
    const int token = first_token + i * kLanes;
    const uint8_t* page = task.blocks[token / layout.page_tokens];
    const size_t slot = static_cast<size_t>(token % layout.page_tokens);
    block.tiles[i].k = page + layout.k_offset + slot * k_dim * value_bytes;
    block.tiles[i].v = page + layout.v_offset + slot * static_cast<size_t>(layout.padded_dim) * value_bytes;
    if (integers) {
      block.tiles[i].k_scales = reinterpret_cast<const float*>(page + layout.k_scales_offset) + slot;
      block.tiles[i].v_scales = reinterpret_cast<const float*>(page + layout.v_scales_offset) + slot;
    }
  }
  return block;
}

}  // namespace TURNWISE_ISA
}  // namespace turnwise
