// Speed of the kernels on one thread: products a second of the matrix kernels by number of tokens, bytes
// a second of decoding from memory, attention over a long context. Each figure is the best of several
// runs, since a shared machine only ever makes one slower.
//
//   node scripts/build-native-test.mjs kernel_bench && build/native/test/kernel_bench [isa [part]]
//
// Parts: matrix, streaming, attention, rows, pack.
#include <sys/mman.h>
#include <time.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <string>
#include <vector>

#include "../kernels/kernels.h"
#include "../pack/pack.h"
#include "../program/program.h"

namespace {

using namespace turnwise;

// Aligned memory, in huge pages where the system gives them. Never freed: the program is short.
uint8_t* Allocate(size_t bytes) {
  constexpr size_t kHuge = size_t{2} << 20;
  const size_t rounded = (bytes + kHuge - 1) / kHuge * kHuge;
  void* memory = std::aligned_alloc(kHuge, rounded);
  if (memory == nullptr) {
    std::fprintf(stderr, "no memory for %zu bytes\n", bytes);
    std::exit(1);
  }
  madvise(memory, rounded, MADV_HUGEPAGE);
  std::memset(memory, 0, rounded);
  return static_cast<uint8_t*>(memory);
}

uint32_t Random() {
  static uint64_t state = 1;
  state = state * 6364136223846793005u + 1442695040888963407u;
  return static_cast<uint32_t>(state >> 33);
}

float RandomFloat() { return static_cast<float>(Random() % 2001) / 1000.0f - 1.0f; }

// Time that this thread has run: a machine busy with other things does not count.
double ThreadSeconds() {
  timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

// Best time in seconds of one call. Each of the runs lasts at least 20 ms.
double BestSeconds(const std::function<void()>& call) {
  double best = 1e30;
  for (int run = 0; run < 7; ++run) {
    int calls = 0;
    const double begin = ThreadSeconds();
    double seconds = 0;
    do {
      call();
      ++calls;
      seconds = ThreadSeconds() - begin;
    } while (seconds < 0.02);
    best = std::min(best, seconds / calls);
  }
  return best;
}

struct Format {
  const char* name;
  WeightFormat format;
  // Of the blocks that packing starts from; kNoSource leaves that out.
  int source_type;
  size_t block_elements;
  size_t block_bytes;
};

constexpr int kNoSource = -1;
constexpr Format kFormats[] = {
    {"int4_g32", WeightFormat::kInt4G32, 2, 32, 18},
    {"int4_g128_zero", WeightFormat::kInt4G128Zero, kNoSource, 128, 0},
    {"int8_g32", WeightFormat::kInt8G32, 8, 32, 34},
    {"int4_k32_min", WeightFormat::kInt4K32Min, 12, 256, 144},
    {"int5_k32_min", WeightFormat::kInt5K32Min, 13, 256, 176},
    {"int6_k16", WeightFormat::kInt6K16, 14, 256, 210},
    {"f16", WeightFormat::kF16, 1, 1, 2},
    {"bf16", WeightFormat::kBf16, 30, 1, 2},
    {"f32", WeightFormat::kF32, 0, 1, 4},
};

// Random bytes in which every 16-bit word is a small f16, so that no product is slowed by special values.
PackedMatrix RandomMatrix(const Format& format, int rows, int columns) {
  const size_t tile_bytes = PackedTileBytes(format.format, columns);
  const size_t bytes = static_cast<size_t>(TileCount(rows)) * tile_bytes;
  uint8_t* data = Allocate(bytes);
  for (size_t i = 0; i + 4 <= bytes; i += 4) {
    const uint32_t word = (Random() & 0xbfffbfff & 0x8fff8fff) | 0x20002000;
    std::memcpy(data + i, &word, 4);
  }
  return {format.format, WeightLayout::kRows16x4, rows, columns, data, tile_bytes};
}

uint8_t* RandomActivations(const KernelTable& kernels, const Format& format, int columns, int tokens, size_t* row_bytes) {
  const bool floats = format.block_elements == 1;
  const size_t wide = static_cast<size_t>(columns);
  *row_bytes = ((floats ? wide * 4 : Q8aRowBytes(columns)) + 63) / 64 * 64;
  uint8_t* x = Allocate(*row_bytes * static_cast<size_t>(tokens));
  std::vector<float> row(wide);
  for (int t = 0; t < tokens; ++t) {
    for (float& value : row) value = RandomFloat();
    uint8_t* out = x + static_cast<size_t>(t) * *row_bytes;
    if (floats) {
      std::memcpy(out, row.data(), wide * 4);
    } else {
      kernels.quantize(row.data(), columns, Q8aRowAt(out, columns));
    }
  }
  return x;
}

// A task of the executor: a few tiles with a block of tokens.
void Multiply(const KernelTable& kernels, const PackedMatrix& w, const uint8_t* x, size_t row_bytes, int tokens,
              float* strip) {
  constexpr int kTiles = 4;
  constexpr int kTokenBlock = 96;
  const FormatKernels& format = KernelsOf(kernels, w.format);
  static uint8_t* scratch = Allocate(size_t{8} << 20);
  for (int begin = 0; begin < tokens; begin += kTokenBlock) {
    const int count = std::min(tokens - begin, kTokenBlock);
    for (int tile = 0; tile < TileCount(w.rows); tile += kTiles) {
      format.gemm({&w, tile, std::min(kTiles, TileCount(w.rows) - tile), x + static_cast<size_t>(begin) * row_bytes,
                   row_bytes, count, strip, kTiles * kTileRows, scratch});
    }
  }
}

void BenchMatrix(const KernelTable& kernels) {
  const int rows = 2048;
  const int columns = 8192;
  const int token_counts[] = {1, 2, 3, 4, 6, 7, 8, 9, 12, 13, 16, 20, 24, 25, 32, 64, 128, 480};
  float* strip = reinterpret_cast<float*>(Allocate(480 * 64 * 4));
  std::printf("matrix %d x %d, G operations/s (a multiply-add is two)\n%6s", rows, columns, "tokens");
  for (const Format& format : kFormats) std::printf("%14s", format.name);
  std::printf("\n");
  std::vector<PackedMatrix> matrices;
  std::vector<uint8_t*> activations;
  std::vector<size_t> row_bytes(std::size(kFormats));
  for (size_t i = 0; i < std::size(kFormats); ++i) {
    matrices.push_back(RandomMatrix(kFormats[i], rows, columns));
    activations.push_back(RandomActivations(kernels, kFormats[i], columns, 480, &row_bytes[i]));
  }
  for (const int tokens : token_counts) {
    std::printf("%6d", tokens);
    for (size_t i = 0; i < std::size(kFormats); ++i) {
      const double seconds =
          BestSeconds([&] { Multiply(kernels, matrices[i], activations[i], row_bytes[i], tokens, strip); });
      std::printf("%14.1f", 2.0 * rows * columns * tokens / seconds / 1e9);
      std::fflush(stdout);
    }
    std::printf("\n");
  }
}

// Many matrices one after the other, more than the last-level cache of most machines holds.
void BenchStreaming(const KernelTable& kernels) {
  const int rows = 8192;
  const int columns = 2048;
  const size_t total_bytes = size_t{1200} << 20;
  float* strip = reinterpret_cast<float*>(Allocate(480 * 64 * 4));
  std::printf("streaming %zu MiB of weights\n", total_bytes >> 20);
  for (const Format& format : kFormats) {
    if (format.format == WeightFormat::kF32) continue;
    size_t row_bytes;
    uint8_t* x = RandomActivations(kernels, format, columns, 16, &row_bytes);
    const PackedMatrix first = RandomMatrix(format, rows, columns);
    const size_t bytes = static_cast<size_t>(TileCount(rows)) * first.tile_bytes;
    std::vector<PackedMatrix> matrices;
    for (size_t done = 0; done < total_bytes; done += bytes) {
      matrices.push_back(first);
      uint8_t* copy = Allocate(bytes);
      std::memcpy(copy, first.data, bytes);
      matrices.back().data = copy;
    }
    for (const int tokens : {1, 2, 4, 8, 16}) {
      const double seconds = BestSeconds([&] {
        for (const PackedMatrix& w : matrices) Multiply(kernels, w, x, row_bytes, tokens, strip);
      });
      const double weights = static_cast<double>(rows) * columns * static_cast<double>(matrices.size());
      std::printf("%14s %2d tokens %8.1f GB/s %8.1f G operations/s\n", format.name, tokens,
                  static_cast<double>(bytes * matrices.size()) / seconds / 1e9, 2.0 * weights * tokens / seconds / 1e9);
    }
    for (PackedMatrix& w : matrices) std::free(const_cast<uint8_t*>(w.data));
  }
}

// Rows of one KV head over 4096 positions, in splits of 512. Pages lie as in the pool: those of one head are a page
// of all layers and heads apart.
void BenchAttention(const KernelTable& kernels, int rows, int head_dim) {
  const int context = 4096;
  const int page_tokens = 32;
  const int layers = 8;
  const int heads = 8;
  std::printf("attention, %d rows a KV head, head_dim %d, %d positions, %d layers of %d KV heads\n", rows, head_dim, context,
              layers, heads);
  const KvType types[] = {KvType::kF32, KvType::kF16, KvType::kInt8};
  const char* names[] = {"f32", "f16", "int8"};
  for (int i = 0; i < 3; ++i) {
    const PageLayout layout = MakePageLayout(types[i], page_tokens, head_dim);
    const int pages = context / page_tokens;
    const int columns = layers * heads;
    uint8_t* memory = Allocate(layout.block_bytes * static_cast<size_t>(pages * columns));
    std::vector<float> row(static_cast<size_t>(head_dim));
    // [layer and KV head][page].
    std::vector<const uint8_t*> blocks(static_cast<size_t>(pages * columns));
    for (int page = 0; page < pages; ++page) {
      for (int column = 0; column < columns; ++column) {
        uint8_t* block = memory + static_cast<size_t>(page * columns + column) * layout.block_bytes;
        blocks[static_cast<size_t>(column * pages + page)] = block;
        for (int slot = 0; slot < page_tokens; ++slot) {
          for (float& value : row) value = RandomFloat();
          kernels.store_kv(layout, block, slot, row.data(), row.data());
        }
      }
    }
    std::vector<float> queries(static_cast<size_t>(rows * head_dim));
    for (float& value : queries) value = RandomFloat();
    std::vector<const float*> query_rows;
    std::vector<int32_t> last(static_cast<size_t>(rows), context - 1);
    for (int r = 0; r < rows; ++r) query_rows.push_back(queries.data() + r * head_dim);
    float* outputs = reinterpret_cast<float*>(Allocate(static_cast<size_t>(rows * (layout.padded_dim + 2)) * 4));
    AttendTask task = {};
    task.layout = &layout;
    task.page_count = kAttentionSplitTokens / page_tokens;
    task.rows = rows;
    task.queries = query_rows.data();
    task.last_positions = last.data();
    task.scale = 1.0f / std::sqrt(static_cast<float>(head_dim));
    task.outputs = outputs;
    task.maxima = outputs + rows * layout.padded_dim;
    task.sums = task.maxima + rows;
    task.scratch = Allocate(AttendScratchBytes(rows, layout));
    const double seconds = BestSeconds([&] {
      for (int column = 0; column < columns; ++column) {
        for (int first = 0; first < context; first += kAttentionSplitTokens) {
          task.first_position = first;
          task.blocks = blocks.data() + column * pages + first / page_tokens;
          kernels.attend(task);
        }
      }
    });
    const double operations = 4.0 * rows * head_dim * context * columns;
    std::printf("%6s %8.1f GB/s %8.1f G operations/s\n", names[i],
                static_cast<double>(layout.block_bytes) * pages * columns / seconds / 1e9, operations / seconds / 1e9);
    std::free(memory);
  }
}

void BenchRows(const KernelTable& kernels) {
  const int columns = 8192;
  std::vector<float> a(columns, 0.5f), b(columns, 0.25f), out(columns);
  std::vector<uint8_t> q8a(columns * 2);
  const auto report = [](const char* name, double seconds) { std::printf("%14s %8.2f us\n", name, seconds * 1e6); };
  std::printf("rows of %d\n", columns);
  report("rms_norm", BestSeconds([&] { kernels.rms_norm(a.data(), b.data(), columns, 1e-5f, out.data()); }));
  report("swiglu", BestSeconds([&] { kernels.swiglu(a.data(), b.data(), columns, out.data()); }));
  report("quantize", BestSeconds([&] { kernels.quantize(a.data(), columns, Q8aRowAt(q8a.data(), columns)); }));
  std::vector<float> logits(128256);
  for (float& value : logits) value = RandomFloat() * 10.0f;
  const int count = static_cast<int>(logits.size());
  volatile float sink = 0;
  report("argmax 128256", BestSeconds([&] { sink = static_cast<float>(kernels.argmax(logits.data(), count)); }));
  report("lse 128256", BestSeconds([&] { sink = kernels.log_sum_exp(logits.data(), count); }));
}

void BenchPack() {
  const int rows = 4096;
  const int columns = 2048;
  std::printf("packing, GB/s of source\n");
  for (const Format& format : kFormats) {
    if (format.source_type == kNoSource) continue;
    const size_t bytes = static_cast<size_t>(rows) * columns / format.block_elements * format.block_bytes;
    uint8_t* source = Allocate(bytes);
    uint8_t* out = Allocate(static_cast<size_t>(TileCount(rows)) * PackedTileBytes(format.format, columns));
    const PackedMatrix w = {format.format, WeightLayout::kRows16x4, rows, columns, out,
                            PackedTileBytes(format.format, columns)};
    const double seconds =
        BestSeconds([&] { PackTiles({source, bytes, format.source_type, 64}, w, out, 0, TileCount(rows)); });
    std::printf("%14s %8.1f\n", format.name, static_cast<double>(bytes) / seconds / 1e9);
  }
}

}  // namespace

int main(int argc, char** argv) {
  const char* isa = argc > 1 ? argv[1] : "avx512-vnni";
  const std::string only = argc > 2 ? argv[2] : "";
  const KernelTable* kernels = FindKernels(isa);
  if (kernels == nullptr) {
    std::fprintf(stderr, "this CPU or this build has no level %s\n", isa);
    return 1;
  }
  std::printf("%s, one thread\n", isa);
  if (only.empty() || only == "matrix") BenchMatrix(*kernels);
  if (only.empty() || only == "streaming") BenchStreaming(*kernels);
  if (only.empty() || only == "attention") {
    BenchAttention(*kernels, 4, 64);
    BenchAttention(*kernels, 64, 64);
    BenchAttention(*kernels, 64, 128);
  }
  if (only.empty() || only == "rows") BenchRows(*kernels);
  if (only.empty() || only == "pack") BenchPack();
}
