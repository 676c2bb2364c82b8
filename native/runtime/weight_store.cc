#include "weight_store.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "block_sums.h"

namespace turnwise {
namespace {

// About how much source one task packs: enough to hide its hand-out, small enough to balance threads.
constexpr size_t kTaskSourceBytes = size_t{1} << 20;
// Kernels load whole vectors.
constexpr size_t kPlaceAlignBytes = 64;

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

struct SumWork final : StagedWork {
  const uint8_t* data;
  size_t bytes;
  // One for each block.
  std::vector<uint64_t>* sums;

  int StageCount() const override { return 1; }
  int TaskCount(int) const override { return static_cast<int>(sums->size()); }
  void RunTask(int, int task, int) override { (*sums)[task] = BlockSum(data, bytes, static_cast<size_t>(task)); }
};

}  // namespace

WeightStore::WeightStore(const KernelTable* kernels, int threads, bool spin)
    : kernels_(kernels), threads_(threads), spin_(spin) {}

WeightStore::~WeightStore() {
  if (summing_.joinable()) summing_.join();
}

bool WeightStore::Allocate(size_t bytes, std::string* error) {
  if (!memory_.Allocate(bytes, PageSize::kHuge)) {
    *error = "the system refuses " + std::to_string(bytes) + " bytes of memory for the weights";
    return false;
  }
  region_ = memory_.data();
  bytes_ = bytes;
  return true;
}

bool WeightStore::Map(const std::string& path, size_t offset, size_t bytes, std::string* error) {
  std::shared_ptr<MappedFile> file = MappedFile::Open(path, MappedFile::Writes::kReadOnly, error);
  if (!file) return false;
  if (offset % kPlaceAlignBytes != 0 || offset > file->size() || bytes > file->size() - offset) {
    *error = "the range is outside the file";
    return false;
  }
  file_ = std::move(file);
  region_ = file_->data() + offset;
  bytes_ = bytes;
  return true;
}

bool WeightStore::MayPack(std::string* error) const {
  if (file_) *error = "the weights lie in a file";
  if (summing_.joinable()) *error = "the weights are being summed";
  return error->empty();
}

bool WeightStore::Place(size_t offset, size_t bytes, std::string* error) const {
  if (offset % kPlaceAlignBytes == 0 && offset <= bytes_ && bytes <= bytes_ - offset) return true;
  *error = "a weight of " + std::to_string(bytes) + " bytes at " + std::to_string(offset) +
           " does not lie in the region of " + std::to_string(bytes_);
  return false;
}

int WeightStore::PlaceMatrix(WeightFormat format, int32_t rows, int32_t columns, size_t offset, PackedMatrix* matrix,
                             std::string* error) const {
  *matrix = {format, kernels_->weight_layout, rows, columns, nullptr, PackedTileBytes(format, columns)};
  size_t bytes = 0;
  if (__builtin_mul_overflow(matrix->tile_bytes, static_cast<size_t>(TileCount(rows)), &bytes)) {
    *error = "a matrix of " + std::to_string(rows) + " x " + std::to_string(columns) + " is too large";
    return -1;
  }
  if (!Place(offset, bytes, error)) return -1;
  matrix->data = region_ + offset;
  return static_cast<int>(weights_.size());
}

int WeightStore::PackMatrix(const SourceTensor& source, WeightFormat format, int32_t rows, int32_t columns,
                            size_t offset, std::string* error) {
  PackWork work;
  work.source = source;
  const int index = PlaceMatrix(format, rows, columns, offset, &work.matrix, error);
  if (index < 0 || !MayPack(error)) return -1;
  // Everything that can be wrong is found here: a task on a thread of the pool must not fail.
  if (!CheckPack(source, work.matrix, error)) return -1;
  work.out = memory_.data() + offset;
  const size_t bytes_per_tile = std::max<size_t>(source.bytes / TileCount(rows), 1);
  work.tiles_per_task = static_cast<int>(std::clamp<size_t>(kTaskSourceBytes / bytes_per_tile, 1, TileCount(rows)));
  Pool()->Run(&work);
  if (IsTruncated(source.data)) {
    *error = "the file was truncated while it was read";
    return -1;
  }
  weights_.push_back({false, work.matrix, nullptr, 0});
  return index;
}

int WeightStore::AddVector(const float* values, size_t length, size_t offset, std::string* error) {
  if (!MayPack(error)) return -1;
  const int index = OpenVector(length, offset, error);
  if (index >= 0) std::memcpy(memory_.data() + offset, values, length * sizeof(float));
  return index;
}

int WeightStore::OpenMatrix(WeightFormat format, int32_t rows, int32_t columns, size_t offset, std::string* error) {
  PackedMatrix matrix;
  const int index = PlaceMatrix(format, rows, columns, offset, &matrix, error);
  if (index >= 0) weights_.push_back({false, matrix, nullptr, 0});
  return index;
}

int WeightStore::OpenVector(size_t length, size_t offset, std::string* error) {
  if (!Place(offset, length * sizeof(float), error)) return -1;
  weights_.push_back({true, {}, reinterpret_cast<const float*>(region_ + offset), static_cast<int32_t>(length)});
  return static_cast<int>(weights_.size()) - 1;
}

void WeightStore::StartBlockSums() {
  if (summing_.joinable()) return;
  // All that the system may refuse is asked for here, where that is the caller's error.
  ThreadPool* pool = Pool();
  sums_.assign(SumBlockCount(bytes_), 0);
  summing_ = std::thread([this, pool] {
    SumWork work;
    work.data = region_;
    work.bytes = bytes_;
    work.sums = &sums_;
    pool->Run(&work);
  });
}

std::vector<uint64_t> WeightStore::BlockSums() {
  StartBlockSums();
  summing_.join();
  return std::move(sums_);
}

void WeightStore::ReleaseThreads() {
  // The sums run on the pool.
  if (summing_.joinable()) summing_.join();
  pool_.reset();
}

bool WeightStore::StartWriting(PackOutput output, std::string* error) {
  if (writer_) {
    *error = "these weights are being written already";
    return false;
  }
  output.data = region_;
  output.bytes = bytes_;
  writer_ = std::make_unique<PackWriter>(std::move(output));
  return true;
}

ThreadPool* WeightStore::Pool() {
  if (!pool_) pool_ = std::make_unique<ThreadPool>(threads_, spin_);
  return pool_.get();
}

}  // namespace turnwise
