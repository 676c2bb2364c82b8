// The weights of a model as the kernels of one ISA level want them. Matrices are packed, vectors
// copied; both share one numbering, in the order of the program's weight table.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "../kernels/kernels.h"
#include "../pack/pack.h"
#include "aligned_memory.h"
#include "thread_pool.h"

namespace turnwise {

struct Weight {
  bool is_vector;
  PackedMatrix matrix;  // its data lies in `memory`
  std::vector<float> vector;
  AlignedMemory memory;
};

class WeightStore {
 public:
  WeightStore(const KernelTable* kernels, int threads, bool spin);

  const KernelTable& kernels() const { return *kernels_; }
  size_t bytes() const { return bytes_; }
  const std::vector<Weight>& weights() const { return weights_; }

  // Return the new weight's index, or -1 with a reason; then the store is as before.
  // `source` is read by all threads of the store, during the call only.
  int PackMatrix(const SourceTensor& source, WeightFormat format, int32_t rows, int32_t columns, std::string* error);
  int AddVector(const float* values, size_t length);

  // Ends the packing threads; a later PackMatrix starts them again.
  void ReleaseThreads() { pool_.reset(); }

 private:
  const KernelTable* kernels_;
  const int threads_;
  const bool spin_;
  std::unique_ptr<ThreadPool> pool_;
  std::vector<Weight> weights_;
  size_t bytes_ = 0;
};

}  // namespace turnwise
