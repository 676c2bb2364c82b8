// Where the 16-token tiles of one block of attention lie; kernels.h gives the layouts inside them.
#pragma once

namespace turnwise {
namespace TURNWISE_ISA {

// 16 tokens of a page. K and V of a block lie in short runs, too short for the hardware's prefetcher; so
// whoever reads K asks for V, and whoever reads V for next_k, the tile at this place in the next block (or this one, where
// there is no next). Of V in int8 half is asked for between the two, by those who make probabilities of scores: that takes
// as long. Only the first rows of a block ask (kAhead): for the others the lines are there.
struct AttendTile {
  const uint8_t* k;
  const uint8_t* v;
  const uint8_t* next_k;
  // int8 pages only.
  const float* k_scales;
  const float* v_scales;
};

struct AttendBlock {
  AttendTile tiles[kAttendBlockTokens / kTileRows];
  int tokens;
  // int8 pages only. What one unit of a product of V is worth, where a row attends all of the tokens.
  float unit;
};

// What scores are taken relative to: 0 where it is -infinity, for that less itself is NaN. What scores of -infinity add to a
// row is finite, and counts for 2^(-infinity - max), nothing, as soon as there is a number among the row's scores.
inline float FiniteBase(float base) { return base == -INFINITY ? 0.0f : base; }

// The tile that begins at `token`, counted from the task's first position, all but next_k.
inline AttendTile FindTile(const AttendTask& task, int token) {
  const PageLayout& layout = *task.layout;
  const uint8_t* page = task.blocks[token / layout.page_tokens];
  const size_t slot = static_cast<size_t>(token % layout.page_tokens);
  const size_t dim = static_cast<size_t>(layout.head_dim);
  const size_t key_bytes = layout.type == KvType::kInt8  ? (dim + 3) / 4 * 4
                           : layout.type == KvType::kF16 ? dim * sizeof(uint16_t)
                                                         : dim * sizeof(float);
  const size_t value_bytes = layout.type == KvType::kInt8  ? 1
                             : layout.type == KvType::kF16 ? sizeof(uint16_t)
                                                           : sizeof(float);
  AttendTile tile;
  tile.k = page + layout.k_offset + slot * key_bytes;
  tile.v = page + layout.v_offset + slot * static_cast<size_t>(layout.padded_dim) * value_bytes;
  tile.next_k = tile.k;
  tile.k_scales = reinterpret_cast<const float*>(page + layout.k_scales_offset) + slot;
  tile.v_scales = reinterpret_cast<const float*>(page + layout.v_scales_offset) + slot;
  return tile;
}

// The block of `tokens` tokens from `begin` on. Asks for the scales of the next one.
inline AttendBlock FindBlock(const AttendTask& task, int begin, int tokens) {
  const int reachable = (task.page_count + task.pages_ahead) * task.layout->page_tokens;
  AttendBlock block;
  block.tokens = tokens;
  block.unit = 0.0f;
  for (int i = 0; i < tokens / kLanes; ++i) {
    AttendTile& tile = block.tiles[i];
    tile = FindTile(task, begin + i * kLanes);
    const int next_token = begin + tokens + i * kLanes;
    if (next_token >= reachable) continue;
    const AttendTile next = FindTile(task, next_token);
    tile.next_k = next.k;
    if (task.layout->type != KvType::kInt8) continue;
    Prefetch(next.k_scales);
    Prefetch(next.v_scales);
  }
  return block;
}

}  // namespace TURNWISE_ISA
}  // namespace turnwise
