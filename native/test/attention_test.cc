// Attention over pages: against f64, for every page type and head size, and its independence of the
// other rows of a task.
#include <cfloat>
#include <cmath>
#include <cstring>
#include <memory>

#include "testing.h"

namespace turnwise {
namespace test {

namespace {

const char* const kTypeNames[] = {"f32", "f16", "int8"};

// What a page keeps of a row of f32.
std::vector<double> Stored(KvType type, const float* row, int dim) {
  std::vector<double> out;
  float largest = 0.0f;
  for (int d = 0; d < dim; ++d) largest = std::fmax(largest, std::fabs(row[d]));
  const float scale = largest / 127.0f;
  for (int d = 0; d < dim; ++d) {
    switch (type) {
      case KvType::kF32:
        out.push_back(row[d]);
        break;
      case KvType::kF16:
        out.push_back(HalfToFloat(FloatToHalf(row[d])));
        break;
      case KvType::kInt8:
        out.push_back(scale == 0.0f ? 0.0 : static_cast<double>(scale) * std::nearbyint(row[d] / scale));
        break;
    }
  }
  return out;
}

// A run of pages with `filled` tokens stored and NaN in every slot behind them.
class Cache {
 public:
  Cache(const KernelTable& kernels, KvType type, int page_tokens, int head_dim, int pages, int filled, float magnitude)
      : layout(MakePageLayout(type, page_tokens, head_dim)), dim_(head_dim) {
    for (int page = 0; page < pages; ++page) {
      memory_.push_back(std::make_unique<Buffer>(layout.block_bytes));
      memory_.back()->Fill(0xff);
      blocks.push_back(memory_.back()->data());
    }
    for (int token = 0; token < filled; ++token) {
      const std::vector<float> k = RandomFloats(static_cast<size_t>(head_dim), magnitude);
      const std::vector<float> v = RandomFloats(static_cast<size_t>(head_dim), token % 3 == 0 ? 3.0f : 1.0f);
      kernels.store_kv(layout, memory_[static_cast<size_t>(token / page_tokens)]->data(), token % page_tokens, k.data(),
                       v.data());
      k_.push_back(Stored(type, k.data(), head_dim));
      v_.push_back(Stored(type, v.data(), head_dim));
    }
    for (const auto& page : memory_) page->CheckGuards("page");
  }

  // The output of one query over `count` tokens, from what the pages keep.
  std::vector<double> Reference(const float* query, int count, float scale) const {
    const std::vector<double> q =
        layout.type == KvType::kInt8 ? Stored(KvType::kInt8, query, dim_) : Stored(KvType::kF32, query, dim_);
    std::vector<double> scores;
    double max = -INFINITY;
    for (int token = 0; token < count; ++token) {
      double score = 0;
      for (int d = 0; d < dim_; ++d) score += q[static_cast<size_t>(d)] * k_[static_cast<size_t>(token)][static_cast<size_t>(d)];
      scores.push_back(score * scale);
      max = std::fmax(max, scores.back());
    }
    std::vector<double> out(static_cast<size_t>(dim_), 0.0);
    double sum = 0;
    for (int token = 0; token < count; ++token) {
      const double p = std::exp(scores[static_cast<size_t>(token)] - max);
      sum += p;
      for (int d = 0; d < dim_; ++d) out[static_cast<size_t>(d)] += p * v_[static_cast<size_t>(token)][static_cast<size_t>(d)];
    }
    for (double& value : out) value /= sum;
    return out;
  }

  const PageLayout layout;
  std::vector<const uint8_t*> blocks;

 private:
  const int dim_;
  std::vector<std::unique_ptr<Buffer>> memory_;
  std::vector<std::vector<double>> k_;
  std::vector<std::vector<double>> v_;
};

struct Partial {
  std::vector<float> o;  // padded_dim
  float max;
  float sum;
};

// Runs one task; the scratch memory is guarded and full of NaN.
std::vector<Partial> Run(const KernelTable& kernels, const Cache& cache, const std::vector<const float*>& queries,
                         const std::vector<int32_t>& last, int first_position, int page_begin, int page_count,
                         float scale) {
  const int rows = static_cast<int>(queries.size());
  const size_t padded = static_cast<size_t>(cache.layout.padded_dim);
  Buffer outputs(queries.size() * padded * 4);
  Buffer maxima(queries.size() * 4);
  Buffer sums(queries.size() * 4);
  Buffer scratch(AttendScratchBytes(rows, cache.layout));
  scratch.Fill(0xff);
  AttendTask task = {};
  task.layout = &cache.layout;
  task.blocks = cache.blocks.data() + page_begin;
  task.page_count = page_count;
  task.first_position = first_position;
  task.rows = rows;
  task.queries = queries.data();
  task.last_positions = last.data();
  task.scale = scale;
  task.outputs = outputs.As<float>();
  task.maxima = maxima.As<float>();
  task.sums = sums.As<float>();
  task.scratch = scratch.data();
  kernels.attend(task);
  const std::vector<float> once(task.outputs, task.outputs + queries.size() * padded);
  outputs.Fill(0xff);
  task.same_queries = true;
  kernels.attend(task);
  Expect(std::memcmp(once.data(), task.outputs, once.size() * sizeof(float)) == 0, "the same queries give other results");
  outputs.CheckGuards("outputs");
  maxima.CheckGuards("maxima");
  sums.CheckGuards("sums");
  scratch.CheckGuards("scratch");
  std::vector<Partial> results;
  for (size_t r = 0; r < queries.size(); ++r) {
    const float* o = outputs.As<float>() + r * padded;
    results.push_back({std::vector<float>(o, o + padded), maxima.As<float>()[r], sums.As<float>()[r]});
  }
  return results;
}

bool SameBits(const Partial& a, const Partial& b) {
  return std::memcmp(a.o.data(), b.o.data(), a.o.size() * 4) == 0 && std::memcmp(&a.max, &b.max, 4) == 0 &&
         std::memcmp(&a.sum, &b.sum, 4) == 0;
}

// Scores are f32 sums of `head_dim` products: the larger they are, the larger their rounding errors, which
// e^x turns into errors of the probabilities as large. `magnitude` bounds the elements of q and k.
double ScoreError(int head_dim, float magnitude, float scale) {
  const double products = head_dim * static_cast<double>(magnitude) * magnitude / 4 * scale;
  return products * 8 * 0x1p-24;
}

void ExpectOutput(const KernelTable& kernels, const Cache& cache, const Partial& partial, const float* query, int count,
                  float scale, float magnitude) {
  const int dim = cache.layout.head_dim;
  std::vector<float> out(static_cast<size_t>(dim));
  kernels.finish_attention(partial.o.data(), partial.sum, dim, out.data());
  const std::vector<double> expected = cache.Reference(query, count, scale);
  // |V| is at most 3. int8: 2^-16 of the block's largest product for each token (attend_int8.h).
  const double tolerance =
      (cache.layout.type == KvType::kInt8 ? 2e-4 : 1e-5) + 3 * ScoreError(dim, magnitude, scale);
  for (int d = 0; d < dim; ++d) ExpectNear(out[static_cast<size_t>(d)], expected[static_cast<size_t>(d)], tolerance, "o", d);
}

// `rows` queries that end at different tokens of a cache of `filled` tokens.
void TestShape(const KernelTable& kernels, KvType type, int page_tokens, int head_dim, int filled, int rows,
               float magnitude) {
  BeginCase(std::string(kernels.isa) + " attend " + kTypeNames[static_cast<int>(type)] + ", pages of " +
            std::to_string(page_tokens) + ", head_dim " + std::to_string(head_dim) + ", " + std::to_string(filled) +
            " tokens, " + std::to_string(rows) + " rows");
  const int pages = (filled + page_tokens - 1) / page_tokens;
  const Cache cache(kernels, type, page_tokens, head_dim, pages, filled, magnitude);
  const float scale = 1.0f / std::sqrt(static_cast<float>(head_dim));
  const int first = 7 * page_tokens;
  std::vector<std::vector<float>> queries;
  std::vector<const float*> pointers;
  std::vector<int32_t> last;
  for (int r = 0; r < rows; ++r) {
    queries.push_back(RandomFloats(static_cast<size_t>(head_dim), magnitude));
    // The last row sees everything; some see one token, some the same as their neighbour.
    const int count = r == rows - 1 ? filled : r % 4 == 1 ? 1 : 1 + RandomBelow(filled);
    last.push_back(r % 4 == 3 ? last.back() : first + count - 1);
  }
  for (const std::vector<float>& query : queries) pointers.push_back(query.data());
  const std::vector<Partial> together = Run(kernels, cache, pointers, last, first, 0, pages, scale);
  for (int r = 0; r < rows; ++r) {
    const size_t i = static_cast<size_t>(r);
    ExpectOutput(kernels, cache, together[i], pointers[i], last[i] - first + 1, scale, magnitude);
    for (size_t d = static_cast<size_t>(head_dim); d < together[i].o.size(); ++d) {
      Expect(together[i].o[d] == 0.0f, "padding %zu of row %d is %g", d, r, static_cast<double>(together[i].o[d]));
    }
    const std::vector<Partial> alone = Run(kernels, cache, {pointers[i]}, {last[i]}, first, 0, pages, scale);
    Expect(SameBits(alone[0], together[i]), "row %d differs from the same row alone", r);
  }
  // Backwards, so that every row has other neighbours.
  const std::vector<Partial> backwards = Run(kernels, cache, {pointers.rbegin(), pointers.rend()},
                                             {last.rbegin(), last.rend()}, first, 0, pages, scale);
  for (int r = 0; r < rows; ++r) {
    Expect(SameBits(backwards[static_cast<size_t>(rows - 1 - r)], together[static_cast<size_t>(r)]),
           "row %d differs when the order is turned", r);
  }
}

// Splits folded with merge_attention give what one task gives, and an empty state adds nothing.
void TestSplits(const KernelTable& kernels, KvType type) {
  BeginCase(std::string(kernels.isa) + " merge_attention " + kTypeNames[static_cast<int>(type)]);
  const int page_tokens = 32;
  const int dim = 64;
  const int filled = 1000;
  const int pages = 32;
  const Cache cache(kernels, type, page_tokens, dim, pages, filled, 2.0f);
  const std::vector<float> query = RandomFloats(dim, 2.0f);
  const float scale = 0.125f;
  for (const int split_pages : {1, 4, 16}) {
    Partial state = {std::vector<float>(static_cast<size_t>(cache.layout.padded_dim), 0.0f), -INFINITY, 0.0f};
    for (int page = 0; page < pages; page += split_pages) {
      const Partial part =
          Run(kernels, cache, {query.data()}, {filled - 1}, page * page_tokens, page, split_pages, scale)[0];
      kernels.merge_attention(state.o.data(), &state.max, &state.sum, part.o.data(), part.max, part.sum, dim);
      if (page == 0) Expect(SameBits(state, part), "the first split is not taken as it is");
    }
    ExpectOutput(kernels, cache, state, query.data(), filled, scale, 2.0f);
    const Partial before = state;
    const std::vector<float> nothing(static_cast<size_t>(dim), 0.0f);
    kernels.merge_attention(state.o.data(), &state.max, &state.sum, nothing.data(), -INFINITY, 0.0f, dim);
    Expect(SameBits(state, before), "an empty part changes the state");
  }
  float empty[2] = {0.0f, 0.0f};
  float max = -INFINITY;
  float sum = 0.0f;
  kernels.merge_attention(empty, &max, &sum, empty, -INFINITY, 0.0f, 2);
  Expect(max == -INFINITY && sum == 0.0f && empty[0] == 0.0f && empty[1] == 0.0f, "two empty parts are not empty");
}

// Scores so far apart that all but one probability vanish, rising so that every block rescales, and rows
// of zeros.
void TestExtremes(const KernelTable& kernels, KvType type) {
  BeginCase(std::string(kernels.isa) + " attend, extreme values " + kTypeNames[static_cast<int>(type)]);
  const int dim = 16;
  const int tokens = 512;
  const PageLayout layout = MakePageLayout(type, 64, dim);
  Buffer memory(layout.block_bytes * 8);
  std::vector<const uint8_t*> blocks;
  for (size_t page = 0; page < 8; ++page) blocks.push_back(memory.data() + page * layout.block_bytes);
  for (const float step : {100.0f, -100.0f, 0.0f}) {
    for (int token = 0; token < tokens; ++token) {
      std::vector<float> k(dim, 0.0f);
      k[3] = step * static_cast<float>(token);
      const std::vector<float> v(dim, static_cast<float>(token % 5));
      kernels.store_kv(layout, memory.data() + static_cast<size_t>(token / 64) * layout.block_bytes, token % 64,
                       k.data(), v.data());
    }
    std::vector<float> query(dim, 0.0f);
    query[3] = 1.0f;
    Buffer scratch(AttendScratchBytes(1, layout));
    float output[16], max, sum;
    const float* queries[] = {query.data()};
    const int32_t last[] = {tokens - 1};
    kernels.attend({&layout, blocks.data(), 8, 0, 0, 1, queries, last, 1.0f, output, &max, &sum, scratch.data(), false});
    float out[16];
    kernels.finish_attention(output, sum, dim, out);
    double mean = 0;
    for (int token = 0; token < tokens; ++token) mean += token % 5 / static_cast<double>(tokens);
    const double expected = step > 0 ? (tokens - 1) % 5 : step < 0 ? 0 : mean;
    for (int d = 0; d < dim; ++d) ExpectNear(out[d], expected, 1e-4, "o", d);
  }
}

// Scores so large that their rounding is more than 2^-15, where the token with the largest has V's largest scale: the
// probabilities that become integers must not be above 1.
void TestLargeScores(const KernelTable& kernels) {
  BeginCase(std::string(kernels.isa) + " attend int8, large scores");
  const int dim = 16;
  for (const int tokens : {1, 40, 256}) {
    const int pages = (tokens + 31) / 32;
    const PageLayout layout = MakePageLayout(KvType::kInt8, 32, dim);
    Buffer memory(layout.block_bytes * static_cast<size_t>(pages));
    std::vector<const uint8_t*> blocks;
    for (int page = 0; page < pages; ++page) blocks.push_back(memory.data() + static_cast<size_t>(page) * layout.block_bytes);
    for (int round = 0; round < 100; ++round) {
      const float size = std::ldexp(1.0f, 5 + round % 9);
      // The largest score by far is the last one's, and so is V's largest scale.
      std::vector<float> last_v;
      for (int token = 0; token < tokens; ++token) {
        const std::vector<float> k = RandomFloats(dim, token + 1 == tokens ? size : 0.1f);
        const std::vector<float> v = RandomFloats(dim, token + 1 == tokens ? 4.0f : 0.5f);
        uint8_t* block = memory.data() + static_cast<size_t>(token / 32) * layout.block_bytes;
        kernels.store_kv(layout, block, token % 32, k.data(), v.data());
        last_v = v;
        if (token + 1 < tokens) continue;
        // Along the key, or against it where there is no other token.
        std::vector<float> query = k;
        if (tokens == 1 && round % 2 == 1) {
          for (float& value : query) value = -value;
        }
        Buffer scratch(AttendScratchBytes(1, layout));
        float output[16], max, sum, out[16];
        const float* queries[] = {query.data()};
        const int32_t last[] = {tokens - 1};
        kernels.attend({&layout, blocks.data(), pages, 0, 0, 1, queries, last, 1.0f, output, &max, &sum, scratch.data(), false});
        kernels.finish_attention(output, sum, dim, out);
        for (int d = 0; d < dim; ++d) ExpectNear(out[d], last_v[static_cast<size_t>(d)], 0.02, "o", d);
      }
    }
  }
}

// A NaN in K, V or the query is one in what depends on it, and in nothing else: of f32 and f16 pages the element of V's
// dimension, of int8 pages, where a row has one scale, all dimensions.
void TestNan(const KernelTable& kernels, KvType type) {
  BeginCase(std::string(kernels.isa) + " attend keeps NaN, " + kTypeNames[static_cast<int>(type)]);
  const int dim = 24;
  // More than a block.
  const int tokens = 300;
  Cache cache(kernels, type, 32, dim, 10, tokens, 1.0f);
  const PageLayout& layout = cache.layout;
  std::vector<float> query = RandomFloats(dim, 1.0f);
  const std::vector<float> other = RandomFloats(dim, 1.0f);
  for (const int token : {0, 5, 16, 31, 255, 256, 299}) {
    // The second row ends before the token; where there is none before it, it sees all, too.
    const std::vector<int32_t> last = {tokens - 1, token == 0 ? tokens - 1 : token - 1};
    const auto run = [&] { return Run(kernels, cache, {query.data(), other.data()}, last, 0, 0, 10, 0.25f); };
    const std::vector<Partial> clean = run();
    const uint8_t*& block = cache.blocks[static_cast<size_t>(token / 32)];
    const uint8_t* const clean_block = block;
    const auto expect_nan = [&](const Partial& found, int only, const char* where) {
      std::vector<float> out(dim);
      kernels.finish_attention(found.o.data(), found.sum, dim, out.data());
      for (int d = 0; d < dim; ++d) {
        Expect(std::isnan(out[static_cast<size_t>(d)]) == (only < 0 || d == only), "NaN in %s of token %d: dimension %d",
               where, token, d);
      }
    };
    for (const int d : {0, 7, 23}) {
      for (const bool in_key : {true, false}) {
        std::vector<float> k = RandomFloats(dim, 1.0f), v = RandomFloats(dim, 1.0f);
        (in_key ? k : v)[static_cast<size_t>(d)] = NAN;
        Buffer page(layout.block_bytes);
        std::memcpy(page.data(), clean_block, layout.block_bytes);
        kernels.store_kv(layout, page.data(), token % 32, k.data(), v.data());
        block = page.data();
        const std::vector<Partial> found = run();
        block = clean_block;
        expect_nan(found[0], in_key || type == KvType::kInt8 ? -1 : d, in_key ? "K" : "V");
        if (token > 0) Expect(SameBits(found[1], clean[1]), "a row that ends before token %d is changed", token);
      }
      const float before = query[static_cast<size_t>(d)];
      query[static_cast<size_t>(d)] = NAN;
      const std::vector<Partial> found = run();
      query[static_cast<size_t>(d)] = before;
      expect_nan(found[0], -1, "the query");
      Expect(SameBits(found[1], clean[1]), "another row than the query's is changed");
    }
  }
}

// What a token far below the largest score adds is nothing, but no subnormal number, which CPUs are slow with.
void TestFarBelow(const KernelTable& kernels) {
  BeginCase(std::string(kernels.isa) + " attend, a token far below the others");
  const int dim = 16;
  const PageLayout layout = MakePageLayout(KvType::kF32, 16, dim);
  Buffer page(layout.block_bytes);
  const std::vector<float> zeros(dim, 0.0f), small(dim, 1e-5f);
  std::vector<float> k(dim, 0.0f), query(dim, 0.0f);
  kernels.store_kv(layout, page.data(), 0, k.data(), zeros.data());
  k[0] = -1000.0f;
  query[0] = 1.0f;
  kernels.store_kv(layout, page.data(), 1, k.data(), small.data());
  Buffer scratch(AttendScratchBytes(1, layout));
  float output[dim], max, sum;
  const uint8_t* blocks[] = {page.data()};
  const float* queries[] = {query.data()};
  const int32_t last[] = {1};
  kernels.attend({&layout, blocks, 1, 0, 0, 1, queries, last, 1.0f, output, &max, &sum, scratch.data(), false});
  Expect(max == 0.0f && sum == 1.0f, "maximum %g, sum %g", static_cast<double>(max), static_cast<double>(sum));
  for (const float o : output) Expect(o == 0.0f || (o >= FLT_MIN && o < 1e-24f), "output %g", static_cast<double>(o));
}

}  // namespace

void TestAttention(const KernelTable& kernels) {
  for (const KvType type : {KvType::kF32, KvType::kF16, KvType::kInt8}) {
    for (const int dim : {2, 6, 8, 16, 30, 32, 64, 80, 96, 128, 256}) TestShape(kernels, type, 32, dim, 70, 5, 1.0f);
    for (const int page_tokens : {16, 48, 64, 128}) TestShape(kernels, type, page_tokens, 32, 300, 9, 1.5f);
    for (const int filled : {1, 2, 15, 16, 17, 31, 33, 127, 128, 129, 255, 257, 512}) {
      TestShape(kernels, type, 16, 16, filled, 6, 2.0f);
    }
    for (int rows = 1; rows <= 13; ++rows) TestShape(kernels, type, 64, 64, 140, rows, 1.0f);
    TestShape(kernels, type, 64, 64, 200, 4, 30.0f);
    TestShape(kernels, type, 64, 64, 200, 4, 0.0f);
    TestSplits(kernels, type);
    TestExtremes(kernels, type);
    TestNan(kernels, type);
  }
  TestFarBelow(kernels);
  TestLargeScores(kernels);
}

}  // namespace test
}  // namespace turnwise
