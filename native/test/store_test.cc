// Weights in a store's memory and in files: packed by several threads, summed beside other work, written, mapped, and
// cut while they are mapped.
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <thread>

#include "../runtime/block_sums.h"
#include "../runtime/mapped_file.h"
#include "../runtime/weight_store.h"
#include "sources.h"
#include "testing.h"

namespace turnwise {
namespace test {

namespace {

constexpr int kThreads = 3;
constexpr int kRows = 40;
constexpr int kColumns = 512;
// Several blocks of sums, the last one shorter.
constexpr size_t kRegionBytes = 5 * kSumBlockBytes + 4096;
constexpr size_t kSumsOffset = 4096;
constexpr size_t kDataOffset = 8192;

// A folder that goes with all that is in it.
class Folder {
 public:
  Folder() {
    const char* parent = std::getenv("TMPDIR");
    path_ = std::string(parent == nullptr ? "/tmp" : parent) + "/turnwise-store-XXXXXX";
    Expect(mkdtemp(path_.data()) != nullptr, "there is no folder %s", path_.c_str());
  }
  ~Folder() {
    for (const std::string& name : names_) unlink((path_ + name).c_str());
    rmdir(path_.c_str());
  }
  std::string At(const std::string& name) {
    names_.push_back("/" + name);
    return path_ + names_.back();
  }

 private:
  std::string path_;
  std::vector<std::string> names_;
};

// A matrix of each format, as one thread packs it, and where the store has it.
struct Placed {
  WeightFormat format;
  OwnedMatrix expected;
  size_t offset;
};

// Packs one matrix of every format, from the region's beginning on.
std::vector<Placed> PackAll(WeightStore* store) {
  std::vector<Placed> all;
  size_t offset = 0;
  for (const SourceFormat& format : kSourceFormats) {
    const Source source = RandomSource(format, kRows, kColumns);
    all.push_back({format.format, PackSource(format, source, kRows, kColumns), offset});
    std::string error;
    const SourceTensor from = {source.bytes.data(), source.bytes.size(), format.ggml_type, 0};
    const int index = store->PackMatrix(from, format.format, kRows, kColumns, offset, &error);
    Expect(index == static_cast<int>(all.size()) - 1, "%s: %s", format.name, error.c_str());
    offset += (all.back().expected.packed.tile_bytes * static_cast<size_t>(TileCount(kRows)) + 63) / 64 * 64;
  }
  return all;
}

void ExpectSame(const WeightStore& store, const std::vector<Placed>& all) {
  Expect(store.weights().size() >= all.size(), "%d weights", static_cast<int>(store.weights().size()));
  for (size_t i = 0; i < all.size() && i < store.weights().size(); ++i) {
    const PackedMatrix& expected = all[i].expected.packed;
    const size_t bytes = expected.tile_bytes * static_cast<size_t>(TileCount(kRows));
    Expect(std::memcmp(store.weights()[i].matrix.data, expected.data, bytes) == 0, "matrix %d", static_cast<int>(i));
  }
}

std::vector<uint64_t> SumsOf(const uint8_t* region) {
  std::vector<uint64_t> sums;
  for (size_t begin = 0; begin < kRegionBytes; begin += kSumBlockBytes) {
    sums.push_back(Xxh64(region + begin, std::min(kSumBlockBytes, kRegionBytes - begin)));
  }
  return sums;
}

// Sums that run while the store is asked for something else.
void ExpectSums(WeightStore* store, const uint8_t* region) {
  const std::vector<uint64_t> sums = SumsOf(region);
  store->StartBlockSums();
  Expect(store->BlockSums() == sums, "the sums that were begun");
  store->StartBlockSums();
  std::string error;
  const float value = 1.0f;
  Expect(store->AddVector(&value, 1, kRegionBytes - 64, &error) < 0, "a vector was added while the region is summed");
  store->ReleaseThreads();
  Expect(store->BlockSums() == sums, "the sums after the threads were released");
  store->ReleaseThreads();
}

PackWriter::State WaitFor(const WeightStore& store) {
  while (store.writer()->state() == PackWriter::State::kWriting) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return store.writer()->state();
}

PackOutput OutputTo(const std::string& path, const std::string& partial_path) {
  PackOutput output = {};
  output.path = path;
  output.partial_path = partial_path;
  output.header = {1, 2, 3};
  output.sums_offset = kSumsOffset;
  output.data_offset = kDataOffset;
  return output;
}

void TestMapped(const KernelTable& kernels, const std::string& path, const std::vector<Placed>& all) {
  WeightStore store(&kernels, kThreads, false);
  std::string error;
  Expect(store.Map(path, kDataOffset, kRegionBytes, &error), "not mapped: %s", error.c_str());
  for (const Placed& placed : all) store.OpenMatrix(placed.format, kRows, kColumns, placed.offset, &error);
  Expect(error.empty(), "not opened: %s", error.c_str());
  ExpectSame(store, all);
  ExpectSums(&store, store.weights()[0].matrix.data);
  Expect(!store.IsDamaged(), "the file is whole");
  const int last = store.OpenVector(16, kRegionBytes - 64, &error);
  chmod(path.c_str(), 0644);
  Expect(truncate(path.c_str(), kDataOffset + 4096) == 0, "not truncated");
  Expect(store.IsDamaged(), "the file was cut");
  Expect(store.weights()[static_cast<size_t>(last)].values[15] == 0.0f, "what is gone is not zero");
}

// As many files as the process may map are all guarded; one more is refused, not left without a guard.
void TestMappedFiles(const std::string& path) {
  BeginCase("mapped files");
  rlimit files;
  Expect(getrlimit(RLIMIT_NOFILE, &files) == 0, "there is no limit of open files");
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  if (files.rlim_max != RLIM_INFINITY && files.rlim_max < kMaxMappedFiles + 64) {
    std::puts("SKIPPED: mapped files, as this user may not open so many");
    return;
  }
  std::vector<std::shared_ptr<MappedFile>> mapped;
  std::string error;
  while (error.empty()) mapped.push_back(MappedFile::Open(path, MappedFile::Writes::kReadOnly, &error));
  Expect(mapped.back() == nullptr && mapped.size() == kMaxMappedFiles + 1, "%zu files: %s", mapped.size(), error.c_str());
  Expect(error.find("2048 model files") != std::string::npos, "refused by: %s", error.c_str());
  mapped.pop_back();
  Expect(truncate(path.c_str(), 100) == 0, "not truncated");
  for (const auto& file : mapped) Expect(file->data()[kDataOffset] == 0 && IsTruncated(file->data()), "not guarded");
  mapped.pop_back();
  error.clear();
  Expect(MappedFile::Open(path, MappedFile::Writes::kReadOnly, &error) != nullptr, "a place again: %s", error.c_str());
}

}  // namespace

void TestStore(const KernelTable& kernels) {
  BeginCase("weight store");
  Folder folder;
  const std::string path = folder.At("pack"), partial_path = folder.At("partial");
  auto store = std::make_unique<WeightStore>(&kernels, kThreads, false);
  std::string error;
  Expect(store->Allocate(kRegionBytes, &error), "no memory: %s", error.c_str());
  const std::vector<Placed> all = PackAll(store.get());
  ExpectSame(*store, all);
  const uint8_t* region = store->weights()[0].matrix.data;
  ExpectSums(store.get(), region);
  Expect(store->StartWriting(OutputTo(path, partial_path), &error), "not written: %s", error.c_str());
  // The writer and the sums read the region at the same time.
  ExpectSums(store.get(), region);
  Expect(WaitFor(*store) == PackWriter::State::kWritten, "not written: %s", store->writer()->reason().c_str());
  TestMapped(kernels, path, all);

  BeginCase("weight store, a writing that is cancelled");
  const std::string other = folder.At("other");
  auto cancelled = std::make_unique<WeightStore>(&kernels, kThreads, false);
  Expect(cancelled->Allocate(16 * kSumBlockBytes, &error), "no memory: %s", error.c_str());
  cancelled->StartWriting(OutputTo(other, partial_path), &error);
  cancelled->StartBlockSums();
  cancelled.reset();
  Expect(access(other.c_str(), F_OK) != 0 && access(partial_path.c_str(), F_OK) != 0, "a file is left");

  TestMappedFiles(path);
}

}  // namespace test
}  // namespace turnwise
