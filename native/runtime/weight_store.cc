#include "weight_store.h"

#include <algorithm>
#include <atomic>
#include <utility>

#include "../pack/pack.h"
#include "mapped_file.h"

namespace turnwise {
namespace {

// About how much source one task packs: enough to hide its hand-out, small enough to balance threads.
constexpr size_t kTaskSourceBytes = size_t{1} << 20;

struct PackWork final : StagedWork {
  const uint8_t* source;
  size_t source_bytes;
  int ggml_type;
  PackedMatrix matrix;
  uint8_t* out;
  int32_t rope_head_dim;
  int tiles_per_task;
  std::atomic<bool> failed{false};
  std::string error;  // written by the first task that fails

  int StageCount() const override { return 1; }
  int TaskCount(int) const override { return (TileCount(matrix.rows) + tiles_per_task - 1) / tiles_per_task; }

  void RunTask(int, int task, int) override {
    if (failed.load(std::memory_order_relaxed)) return;
    const int begin = task * tiles_per_task;
    const int end = std::min(begin + tiles_per_task, TileCount(matrix.rows));
    std::string problem;
    const bool packed = PackMatrix(source, source_bytes, ggml_type, matrix.format, matrix.rows, matrix.columns,
                                   rope_head_dim, out, begin, end, &problem);
    if (!packed && !failed.exchange(true)) error = std::move(problem);
  }
};

}  // namespace

WeightStore::WeightStore(const KernelTable* kernels, int threads, bool spin)
    : kernels_(kernels), threads_(threads), spin_(spin) {}

int WeightStore::PackMatrix(const uint8_t* source, size_t source_bytes, int ggml_type, WeightFormat format,
                            int32_t rows, int32_t columns, int32_t rope_head_dim, std::string* error) {
  const size_t tile_bytes = PackedTileBytes(format, columns);
  size_t bytes = 0;
  AlignedMemory memory;
  if (__builtin_mul_overflow(tile_bytes, static_cast<size_t>(TileCount(rows)), &bytes) ||
      !memory.Allocate(bytes, PageSize::kHuge)) {
    *error = "the system refuses the memory for a matrix of " + std::to_string(rows) + " x " + std::to_string(columns);
    return -1;
  }
  if (!pool_) pool_ = std::make_unique<ThreadPool>(threads_, spin_);
  PackWork work;
  work.source = source;
  work.source_bytes = source_bytes;
  work.ggml_type = ggml_type;
  work.matrix = {format, rows, columns, memory.data(), tile_bytes};
  work.out = memory.data();
  work.rope_head_dim = rope_head_dim;
  const size_t bytes_per_tile = std::max<size_t>(source_bytes / TileCount(rows), 1);
  work.tiles_per_task = static_cast<int>(std::clamp<size_t>(kTaskSourceBytes / bytes_per_tile, 1, TileCount(rows)));
  pool_->Run(&work);
  if (work.failed.load()) {
    *error = work.error;
    return -1;
  }
  if (IsTruncated(source)) {
    *error = "the file was truncated while it was read";
    return -1;
  }
  weights_.push_back({false, work.matrix, {}, std::move(memory)});
  bytes_ += bytes;
  return static_cast<int>(weights_.size()) - 1;
}

int WeightStore::AddVector(const float* values, size_t length) {
  weights_.push_back({true, {}, std::vector<float>(values, values + length), {}});
  bytes_ += length * sizeof(float);
  return static_cast<int>(weights_.size()) - 1;
}

}  // namespace turnwise
