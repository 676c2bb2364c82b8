// Where the 16-token tiles of one block of attention lie; kernels.h gives the layouts inside them.
#pragma once

namespace turnwise {
namespace TURNWISE_ISA {

// 16 tokens of a page. K and V of a block lie in short runs, too short for the hardware's prefetcher; so
// whoever reads a line of K asks for the same line of V, and whoever reads V for the same line of next_k,
// the tile at this place in the next block (or this one, where there is no next). Only the first rows of a block ask (kAhead):
// for the others the lines are there.
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
  // int8 pages only. V's largest scale among all of the tokens.
  float largest_value_scale;
};

// K of the tile that begins at `token`, counted from the task's first position.
inline const uint8_t* FindKeys(const AttendTask& task, int token) {
  const PageLayout& layout = *task.layout;
  const size_t slot = static_cast<size_t>(token % layout.page_tokens);
  const size_t dim = static_cast<size_t>(layout.head_dim);
  const size_t token_bytes = layout.type == KvType::kInt8  ? (dim + 3) / 4 * 4
                             : layout.type == KvType::kF16 ? dim * sizeof(uint16_t)
                                                           : dim * sizeof(float);
  return task.blocks[token / layout.page_tokens] + layout.k_offset + slot * token_bytes;
}

inline AttendTile FindTile(const AttendTask& task, int token, int total_tokens) {
  const PageLayout& layout = *task.layout;
  const uint8_t* page = task.blocks[token / layout.page_tokens];
  const size_t slot = static_cast<size_t>(token % layout.page_tokens);
  const size_t value_bytes = layout.type == KvType::kInt8  ? 1
                             : layout.type == KvType::kF16 ? sizeof(uint16_t)
                                                           : sizeof(float);
  const int next = token + kAttendBlockTokens;
  AttendTile tile;
  tile.k = FindKeys(task, token);
  tile.v = page + layout.v_offset + slot * static_cast<size_t>(layout.padded_dim) * value_bytes;
  tile.next_k = next < total_tokens ? FindKeys(task, next) : tile.k;
  tile.k_scales = reinterpret_cast<const float*>(page + layout.k_scales_offset) + slot;
  tile.v_scales = reinterpret_cast<const float*>(page + layout.v_scales_offset) + slot;
  return tile;
}

}  // namespace TURNWISE_ISA
}  // namespace turnwise
