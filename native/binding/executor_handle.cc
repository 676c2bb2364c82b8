#include <algorithm>
#include <functional>
#include <utility>

#include "arguments.h"
#include "handles.h"

namespace turnwise {
namespace {

constexpr int32_t kMaxPages = 1 << 26;

// The fields of a batch object. Getting a property can run the caller's code, which could move or free
// an array: so all values are got first, and their memory is looked at afterwards.
template <size_t N>
struct Fields {
  const char* names[N];
  Napi::Value values[N];

  bool Get(const Napi::Value& value, const char* argument, std::string* error) {
    Napi::Object object;
    if (!ReadObject(value, argument, &object, error)) return false;
    for (size_t i = 0; i < N; ++i) values[i] = object.Get(names[i]);
    return !object.Env().IsExceptionPending();
  }

  // Copies field number `index`.
  template <typename T>
  bool Copy(size_t index, std::vector<T>* out, std::string* error) const {
    return CopyArray(values[index], names[index], out, error);
  }
};

// A batch's array by its name in JavaScript.
template <typename Batch>
struct ArrayField {
  const char* name;
  bool (*copy)(const Napi::Value&, const char*, Batch*, std::string*);
};

template <typename Batch, auto Member>
bool CopyMember(const Napi::Value& value, const char* name, Batch* batch, std::string* error) {
  return CopyArray(value, name, &(batch->*Member), error);
}

template <auto Member>
constexpr ArrayField<StepBatch> StepField(const char* name) {
  return {name, CopyMember<StepBatch, Member>};
}

template <auto Member>
constexpr ArrayField<SampleBatch> SampleField(const char* name) {
  return {name, CopyMember<SampleBatch, Member>};
}

constexpr ArrayField<StepBatch> kStepFields[] = {
    StepField<&StepBatch::tokens>("tokens"),
    StepField<&StepBatch::positions>("positions"),
    StepField<&StepBatch::sequence_starts>("sequenceStarts"),
    StepField<&StepBatch::page_tables>("pageTables"),
    StepField<&StepBatch::page_table_starts>("pageTableStarts"),
    StepField<&StepBatch::logit_rows>("logitRows"),
};

constexpr ArrayField<SampleBatch> kSampleFields[] = {
    SampleField<&SampleBatch::temperature>("temperature"),
    SampleField<&SampleBatch::top_k>("topK"),
    SampleField<&SampleBatch::top_p>("topP"),
    SampleField<&SampleBatch::min_p>("minP"),
    SampleField<&SampleBatch::repetition_penalty>("repetitionPenalty"),
    SampleField<&SampleBatch::presence_penalty>("presencePenalty"),
    SampleField<&SampleBatch::frequency_penalty>("frequencyPenalty"),
    SampleField<&SampleBatch::seed_low>("seedLow"),
    SampleField<&SampleBatch::seed_high>("seedHigh"),
    SampleField<&SampleBatch::positions>("positions"),
    SampleField<&SampleBatch::history_starts>("historyStarts"),
    SampleField<&SampleBatch::history_tokens>("historyTokens"),
    SampleField<&SampleBatch::history_counts>("historyCounts"),
    SampleField<&SampleBatch::bias_starts>("biasStarts"),
    SampleField<&SampleBatch::bias_tokens>("biasTokens"),
    SampleField<&SampleBatch::bias_values>("biasValues"),
    SampleField<&SampleBatch::mask_rows>("maskRows"),
    SampleField<&SampleBatch::masks>("masks"),
    SampleField<&SampleBatch::forced_tokens>("forcedTokens"),
    SampleField<&SampleBatch::top_logprobs>("topLogprobs"),
};

template <typename Batch, size_t N>
Fields<N> NameFields(const ArrayField<Batch> (&table)[N]) {
  Fields<N> fields{};
  for (size_t i = 0; i < N; ++i) fields.names[i] = table[i].name;
  return fields;
}

template <typename Batch, size_t N>
bool CopyFields(const ArrayField<Batch> (&table)[N], const Fields<N>& fields, Batch* batch, std::string* error) {
  for (size_t i = 0; i < N; ++i) {
    if (!table[i].copy(fields.values[i], table[i].name, batch, error)) return false;
  }
  return true;
}

using ResultFields = Fields<4>;

bool ReadResult(const ResultFields& f, size_t rows, SampleResult* result, std::string* error) {
  ArrayView<int32_t> tokens, top_tokens;
  ArrayView<float> logprobs, top_logprobs;
  if (!ReadArray(f.values[0], f.names[0], &tokens, error) || !ReadArray(f.values[1], f.names[1], &logprobs, error) ||
      !ReadArray(f.values[2], f.names[2], &top_tokens, error) ||
      !ReadArray(f.values[3], f.names[3], &top_logprobs, error)) {
    return false;
  }
  if (tokens.length < rows || logprobs.length < rows) *error = "result: tokens or logprobs has too few elements";
  if (top_tokens.length < rows * kMaxTopLogprobs || top_logprobs.length < rows * kMaxTopLogprobs) {
    *error = "result: topTokens or topLogprobs has fewer than 20 elements a logits row";
  }
  *result = {tokens.data, logprobs.data, top_tokens.data, top_logprobs.data};
  return error->empty();
}

// NUMA nodes as they cross: the ids, where each one's CPUs begin and the last one's end, and the CPUs.
bool ReadNodes(const Napi::Value& value, int32_t threads, std::vector<NumaNode>* nodes, std::string* error) {
  if (value.IsUndefined()) return true;
  Fields<3> f{{"ids", "cpuStarts", "cpus"}, {}};
  std::vector<int32_t> ids, starts, cpus;
  if (!f.Get(value, "nodes", error) || !f.Copy(0, &ids, error) || !f.Copy(1, &starts, error) ||
      !f.Copy(2, &cpus, error)) {
    return false;
  }
  const auto is_below = [](int32_t limit) { return [limit](int32_t x) { return x >= 0 && x < limit; }; };
  const bool fits = ids.size() <= static_cast<size_t>(threads) && starts.size() == ids.size() + 1 && starts[0] == 0 &&
                    starts.back() == static_cast<int32_t>(cpus.size()) &&
                    std::adjacent_find(starts.begin(), starts.end(), std::greater_equal<int32_t>()) == starts.end() &&
                    std::all_of(ids.begin(), ids.end(), is_below(kMaxNumaNodes)) &&
                    std::all_of(cpus.begin(), cpus.end(), is_below(kMaxCpus));
  if (!fits) {
    *error = "nodes must be no more than threads, ids below 64, each with CPUs below 4096";
    return false;
  }
  for (size_t i = 0; i < ids.size(); ++i) {
    nodes->push_back({ids[i], std::vector<int32_t>(cpus.begin() + starts[i], cpus.begin() + starts[i + 1])});
  }
  return true;
}

}  // namespace

Napi::Function ExecutorHandle::Define(Napi::Env env) {
  return DefineClass(
      env, "Executor",
      {InstanceMethod<&ExecutorHandle::Step>("step"), InstanceMethod<&ExecutorHandle::Sample>("sample"),
       InstanceMethod<&ExecutorHandle::ReadLogits>("readLogits"), InstanceMethod<&ExecutorHandle::CopyPage>("copyPage"),
       InstanceMethod<&ExecutorHandle::TakeProfile>("takeProfile"),
       InstanceMethod<&ExecutorHandle::Dispose>("dispose")});
}

ExecutorHandle::ExecutorHandle(const Napi::CallbackInfo& info) : Napi::ObjectWrap<ExecutorHandle>(info) {
  Guard(info.Env(), [&](std::string* error) {
    Fields<6> f{{"program", "weights", "threads", "pages", "spin", "nodes"}, {}};
    std::vector<int32_t> words;
    ExecutorOptions options{};
    if (!f.Get(info[0], "options", error) || !f.Copy(0, &words, error) ||
        !ReadInt32(f.values[2], "threads", 1, kMaxThreads, &options.threads, error) ||
        !ReadInt32(f.values[3], "pages", 1, kMaxPages, &options.pages, error) ||
        !ReadNodes(f.values[5], options.threads, &options.nodes, error)) {
      return Napi::Value();
    }
    options.spin = f.values[4].IsBoolean() && f.values[4].As<Napi::Boolean>();
    std::shared_ptr<WeightStore> weights = WeightStoreHandle::FromValue(f.values[1], error);
    Program program;
    if (!weights || !DecodeProgram(words.data(), words.size(), &program, error)) return Napi::Value();
    weights->ReleaseThreads();
    executor_ = Executor::Create(std::move(program), std::move(weights), options, error);
    if (!executor_) return Napi::Value();
    SetConstant(info, "kvBytes", static_cast<double>(executor_->kv_bytes()));
    SetConstant(info, "arenaBytes", static_cast<double>(executor_->arena_bytes()));
    SetConstant(info, "threads", executor_->threads());
    SetConstant(info, "refusedThreads", executor_->refused_threads());
    SetConstant(info, "refusedRanges", executor_->refused_ranges());
    return Napi::Value();
  });
}

Napi::Value ExecutorHandle::Step(const Napi::CallbackInfo& info) {
  return Guard(info.Env(), [&](std::string* error) {
    auto batch = NameFields(kStepFields);
    if (!batch.Get(info[0], "batch", error)) return Napi::Value();
    if (!executor_) {
      *error = kDisposed;
    } else if (CopyFields(kStepFields, batch, executor_->staging(), error)) {
      executor_->Step(error);
    }
    return Napi::Value();
  });
}

Napi::Value ExecutorHandle::Sample(const Napi::CallbackInfo& info) {
  return Guard(info.Env(), [&](std::string* error) {
    auto batch = NameFields(kSampleFields);
    ResultFields into{{"tokens", "logprobs", "topTokens", "topLogprobs"}, {}};
    if (!batch.Get(info[0], "batch", error) || !into.Get(info[1], "result", error)) return Napi::Value();
    if (!executor_) {
      *error = kDisposed;
      return Napi::Value();
    }
    SampleResult result;
    if (CopyFields(kSampleFields, batch, executor_->sample_staging(), error) &&
        ReadResult(into, executor_->logit_rows(), &result, error)) {
      executor_->Sample(result, error);
    }
    return Napi::Value();
  });
}

Napi::Value ExecutorHandle::ReadLogits(const Napi::CallbackInfo& info) {
  return Guard(info.Env(), [&](std::string* error) {
    if (!executor_) {
      *error = kDisposed;
      return Napi::Value();
    }
    const size_t vocab_size = executor_->program().vocab_size;
    int32_t row = 0;
    ArrayView<float> into;
    if (executor_->logit_rows() == 0) {
      *error = "the last step made no logits";
    } else if (ReadInt32(info[0], "row", 0, executor_->logit_rows() - 1, &row, error) &&
               ReadArray(info[1], "into", &into, error)) {
      if (into.length == vocab_size) {
        const float* logits = executor_->LogitsRow(row);
        std::copy(logits, logits + vocab_size, into.data);
      } else {
        *error = "into must have " + std::to_string(vocab_size) + " elements";
      }
    }
    return Napi::Value();
  });
}

Napi::Value ExecutorHandle::CopyPage(const Napi::CallbackInfo& info) {
  return Guard(info.Env(), [&](std::string* error) {
    if (!executor_) {
      *error = kDisposed;
      return Napi::Value();
    }
    const int32_t last_page = executor_->pages() - 1;
    int32_t from = 0;
    int32_t to = 0;
    int32_t tokens = 0;
    if (ReadInt32(info[0], "from", 0, last_page, &from, error) && ReadInt32(info[1], "to", 0, last_page, &to, error) &&
        ReadInt32(info[2], "tokens", 0, executor_->program().kv.page_tokens, &tokens, error) && tokens > 0) {
      executor_->CopyPage(from, to);
    }
    return Napi::Value();
  });
}

Napi::Value ExecutorHandle::TakeProfile(const Napi::CallbackInfo& info) {
  return Guard(info.Env(), [&](std::string* error) -> Napi::Value {
    if (!executor_) {
      *error = kDisposed;
      return Napi::Value();
    }
    const std::vector<double> profile = executor_->TakeProfile();
    Napi::Float64Array result = Napi::Float64Array::New(info.Env(), profile.size());
    if (!result.IsEmpty()) std::copy(profile.begin(), profile.end(), result.Data());
    return result;
  });
}

Napi::Value ExecutorHandle::Dispose(const Napi::CallbackInfo& info) {
  return Guard(info.Env(), [&](std::string*) {
    executor_.reset();
    return Napi::Value();
  });
}

}  // namespace turnwise
