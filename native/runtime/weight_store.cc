#include "weight_store.h"

#include <algorithm>
#include <utility>

#include "mapped_file.h"

namespace turnwise {
namespace {

// About how much source one task packs: enough to hide its hand-out, small enough to balance threads.
constexpr size_t kTaskSourceBytes = size_t{1} << 20;

struct PackWork final : StagedWork {
  SourceTensor source;
  PackedMatrix matrix;
  uint8_t* out;
  int tiles_per_task;

  int StageCount() const override { return 1; }
  int TaskCount(int) const override { return (TileCount(matrix.rows) + tiles_per_task - 1) / tiles_per_task; }

  void RunTask(int, int task, int) override {
    const int begin = task * tiles_per_task;
    PackTiles(source, matrix, out, begin, std::min(begin + tiles_per_task, TileCount(matrix.rows)));
  }
};

}  // namespace

WeightStore::WeightStore(const KernelTable* kernels, int threads, bool spin)
    : kernels_(kernels), threads_(threads), spin_(spin) {}

int WeightStore::PackMatrix(const SourceTensor& source, WeightFormat format, int32_t rows, int32_t columns,
                            std::string* error) {
  PackWork work;
  work.source = source;
  work.matrix = {format, kernels_->weight_layout, rows, columns, nullptr, PackedTileBytes(format, columns)};
  // Everything that can be wrong is found here: a task on a thread of the pool must not fail.
  if (!CheckPack(source, work.matrix, error)) return -1;
  size_t bytes = 0;
  AlignedMemory memory;
  if (__builtin_mul_overflow(work.matrix.tile_bytes, static_cast<size_t>(TileCount(rows)), &bytes) ||
      !memory.Allocate(bytes, PageSize::kHuge)) {
    *error = "the system refuses the memory for a matrix of " + std::to_string(rows) + " x " + std::to_string(columns);
    return -1;
  }
  if (!pool_) pool_ = std::make_unique<ThreadPool>(threads_, spin_);
  work.matrix.data = work.out = memory.data();
  const size_t bytes_per_tile = std::max<size_t>(source.bytes / TileCount(rows), 1);
  work.tiles_per_task = static_cast<int>(std::clamp<size_t>(kTaskSourceBytes / bytes_per_tile, 1, TileCount(rows)));
  pool_->Run(&work);
  if (IsTruncated(source.data)) {
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
