// The weights of a model as the kernels of one ISA level want them, all in one region: memory that they
// are packed into, or a file of packed weights, mapped. Matrices are packed, vectors copied; both share
// one numbering, in the order of the program's weight table. Where each lies is the caller's plan
// (src/compile/plan-weights.ts).
#pragma once

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "../kernels/kernels.h"
#include "../pack/pack.h"
#include "aligned_memory.h"
#include "mapped_file.h"
#include "pack_writer.h"
#include "thread_pool.h"

namespace turnwise {

struct Weight {
  bool is_vector;
  PackedMatrix matrix;
  // Of the vector; the matrix has its own pointer. Both lie in the store's region.
  const float* values;
  int32_t length;
};

class WeightStore {
 public:
  WeightStore(const KernelTable* kernels, int threads, bool spin);
  ~WeightStore();

  // Give the store its region, once and first. False with a reason.
  bool Allocate(size_t bytes, std::string* error);
  // The `bytes` at `offset`, a multiple of 64, of a file: PackMatrix and AddVector are refused then.
  bool Map(const std::string& path, size_t offset, size_t bytes, std::string* error);

  const KernelTable& kernels() const { return *kernels_; }
  size_t bytes() const { return bytes_; }
  const std::vector<Weight>& weights() const { return weights_; }

  // Return the new weight's index, or -1 with a reason; then the store is as before. `offset` is a
  // multiple of 64. `source` is read by all threads of the store, during the call only.
  int PackMatrix(const SourceTensor& source, WeightFormat format, int32_t rows, int32_t columns, size_t offset,
                 std::string* error);
  int AddVector(const float* values, size_t length, size_t offset, std::string* error);
  // The same for what the region holds already.
  int OpenMatrix(WeightFormat format, int32_t rows, int32_t columns, size_t offset, std::string* error);
  int OpenVector(size_t length, size_t offset, std::string* error);

  // Begins to sum the region with all threads, while the caller does something else: until BlockSums or
  // ReleaseThreads, PackMatrix and AddVector are refused. Touches every page of a mapped file.
  void StartBlockSums();
  // A checksum of each kSumBlockBytes of the region: what was begun, else now.
  std::vector<uint64_t> BlockSums();
  // Whether the region is a file's, and not the store's own memory.
  bool IsMapped() const { return file_ != nullptr; }
  // Whether a mapped file was truncated since: what it held reads as zeros.
  bool IsDamaged() const { return IsMapped() && IsTruncated(region_); }

  // Writes the region to a file on a thread of its own; the store's end cancels it. Once only.
  bool StartWriting(PackOutput output, std::string* error);
  // Null where nothing was started.
  const PackWriter* writer() const { return writer_.get(); }

  // Ends the store's threads, once they have summed what was begun; a later PackMatrix starts them again.
  void ReleaseThreads();

 private:
  // Whether the region may change now; false with a reason.
  bool MayPack(std::string* error) const;
  bool Place(size_t offset, size_t bytes, std::string* error) const;
  int PlaceMatrix(WeightFormat format, int32_t rows, int32_t columns, size_t offset, PackedMatrix* matrix,
                  std::string* error) const;
  ThreadPool* Pool();

  const KernelTable* kernels_;
  const int threads_;
  const bool spin_;
  std::unique_ptr<ThreadPool> pool_;
  AlignedMemory memory_;
  std::shared_ptr<MappedFile> file_;
  // Of memory_ or file_.
  const uint8_t* region_ = nullptr;
  size_t bytes_ = 0;
  std::vector<Weight> weights_;
  // Joinable while the pool is its alone.
  std::thread summing_;
  std::vector<uint64_t> sums_;
  // Last: its thread reads the region.
  std::unique_ptr<PackWriter> writer_;
};

}  // namespace turnwise
