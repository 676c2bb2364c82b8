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

using StepFields = Fields<6>;
using SampleFields = Fields<18>;
using ResultFields = Fields<4>;

StepFields NameStepFields() {
  return {{"tokens", "positions", "sequenceStarts", "pageTables", "pageTableStarts", "logitRows"}, {}};
}

bool CopyStepBatch(const StepFields& f, StepBatch* batch, std::string* error) {
  return f.Copy(0, &batch->tokens, error) && f.Copy(1, &batch->positions, error) &&
         f.Copy(2, &batch->sequence_starts, error) && f.Copy(3, &batch->page_tables, error) &&
         f.Copy(4, &batch->page_table_starts, error) && f.Copy(5, &batch->logit_rows, error);
}

SampleFields NameSampleFields() {
  return {{"temperature", "topK", "topP", "minP", "repetitionPenalty", "presencePenalty", "frequencyPenalty",
           "seedLow", "seedHigh", "positions", "historyStarts", "historyTokens", "historyCounts", "biasStarts",
           "biasTokens", "biasValues", "forcedTokens", "topLogprobs"},
          {}};
}

bool CopySampleBatch(const SampleFields& f, SampleBatch* b, std::string* error) {
  return f.Copy(0, &b->temperature, error) && f.Copy(1, &b->top_k, error) && f.Copy(2, &b->top_p, error) &&
         f.Copy(3, &b->min_p, error) && f.Copy(4, &b->repetition_penalty, error) &&
         f.Copy(5, &b->presence_penalty, error) && f.Copy(6, &b->frequency_penalty, error) &&
         f.Copy(7, &b->seed_low, error) && f.Copy(8, &b->seed_high, error) && f.Copy(9, &b->positions, error) &&
         f.Copy(10, &b->history_starts, error) && f.Copy(11, &b->history_tokens, error) &&
         f.Copy(12, &b->history_counts, error) && f.Copy(13, &b->bias_starts, error) &&
         f.Copy(14, &b->bias_tokens, error) && f.Copy(15, &b->bias_values, error) &&
         f.Copy(16, &b->forced_tokens, error) && f.Copy(17, &b->top_logprobs, error);
}

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

}  // namespace

Napi::Function ExecutorHandle::Define(Napi::Env env) {
  return DefineClass(
      env, "Executor",
      {InstanceMethod<&ExecutorHandle::Step>("step"), InstanceMethod<&ExecutorHandle::Sample>("sample"),
       InstanceMethod<&ExecutorHandle::ReadLogits>("readLogits"), InstanceMethod<&ExecutorHandle::CopyPage>("copyPage"),
       InstanceMethod<&ExecutorHandle::TakeProfile>("takeProfile"),
       InstanceAccessor<&ExecutorHandle::KvBytes>("kvBytes"),
       InstanceAccessor<&ExecutorHandle::ArenaBytes>("arenaBytes"),
       InstanceAccessor<&ExecutorHandle::Threads>("threads"), InstanceMethod<&ExecutorHandle::Dispose>("dispose")});
}

ExecutorHandle::ExecutorHandle(const Napi::CallbackInfo& info) : Napi::ObjectWrap<ExecutorHandle>(info) {
  Guard(info.Env(), [&](std::string* error) {
    Fields<5> f{{"program", "weights", "threads", "pages", "spin"}, {}};
    std::vector<int32_t> words;
    int32_t threads = 0;
    int32_t pages = 0;
    if (!f.Get(info[0], "options", error) || !f.Copy(0, &words, error) ||
        !ReadInt32(f.values[2], "threads", 1, kMaxThreads, &threads, error) ||
        !ReadInt32(f.values[3], "pages", 1, kMaxPages, &pages, error)) {
      return Napi::Value();
    }
    std::shared_ptr<WeightStore> weights = WeightStoreHandle::FromValue(f.values[1], error);
    Program program;
    if (!weights || !DecodeProgram(words.data(), words.size(), &program, error)) return Napi::Value();
    weights->ReleaseThreads();
    const bool spin = f.values[4].IsBoolean() && f.values[4].As<Napi::Boolean>();
    executor_ = Executor::Create(std::move(program), std::move(weights), threads, spin, pages, error);
    return Napi::Value();
  });
}

Napi::Value ExecutorHandle::Step(const Napi::CallbackInfo& info) {
  return Guard(info.Env(), [&](std::string* error) {
    StepFields batch = NameStepFields();
    if (!batch.Get(info[0], "batch", error)) return Napi::Value();
    if (!executor_) {
      *error = kDisposed;
    } else if (CopyStepBatch(batch, executor_->staging(), error)) {
      executor_->Step(error);
    }
    return Napi::Value();
  });
}

Napi::Value ExecutorHandle::Sample(const Napi::CallbackInfo& info) {
  return Guard(info.Env(), [&](std::string* error) {
    SampleFields batch = NameSampleFields();
    ResultFields into{{"tokens", "logprobs", "topTokens", "topLogprobs"}, {}};
    if (!batch.Get(info[0], "batch", error) || !into.Get(info[1], "result", error)) return Napi::Value();
    if (!executor_) {
      *error = kDisposed;
      return Napi::Value();
    }
    SampleResult result;
    if (CopySampleBatch(batch, executor_->sample_staging(), error) &&
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

template <typename Get>
Napi::Value ExecutorHandle::Property(const Napi::CallbackInfo& info, Get get) {
  return Guard(info.Env(), [&](std::string* error) -> Napi::Value {
    if (!executor_) *error = kDisposed;
    return executor_ ? Napi::Number::New(info.Env(), static_cast<double>(get(*executor_))) : Napi::Value();
  });
}

Napi::Value ExecutorHandle::KvBytes(const Napi::CallbackInfo& info) {
  return Property(info, [](const Executor& executor) { return executor.kv_bytes(); });
}

Napi::Value ExecutorHandle::ArenaBytes(const Napi::CallbackInfo& info) {
  return Property(info, [](const Executor& executor) { return executor.arena_bytes(); });
}

Napi::Value ExecutorHandle::Threads(const Napi::CallbackInfo& info) {
  return Property(info, [](const Executor& executor) { return executor.threads(); });
}

Napi::Value ExecutorHandle::Dispose(const Napi::CallbackInfo& info) {
  executor_.reset();
  return info.Env().Undefined();
}

}  // namespace turnwise
