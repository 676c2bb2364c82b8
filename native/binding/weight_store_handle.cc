#include <algorithm>

#include "arguments.h"
#include "handles.h"

namespace turnwise {
namespace {

// Tells a WeightStore from any other object that wraps something.
constexpr napi_type_tag kWeightStoreTag = {0x7475726e77697365, 0x0000000077736831};

constexpr int32_t kMaxDimension = 1 << 24;

// In the order of PackWriter::State.
constexpr const char* kWriteStates[] = {"writing", "written", "busy", "failed"};

// Like ReadInteger, for places in a region or file.
bool ReadSize(const Napi::Value& value, const char* name, size_t* out, std::string* error) {
  double number = 0;
  if (!ReadInteger(value, name, 0, kMaxSafeInteger, &number, error)) return false;
  *out = static_cast<size_t>(number);
  return true;
}

// Gives the store memory of `bytes`, or where `path` is a string that range of a file.
bool OpenRegion(const Napi::Object& options, WeightStore* store, std::string* error) {
  size_t bytes = 0, offset = 0;
  std::string path;
  const Napi::Value file = options.Get("path");
  if (!ReadSize(options.Get("bytes"), "bytes", &bytes, error)) return false;
  if (file.IsUndefined()) return store->Allocate(bytes, error);
  return ReadString(file, "path", &path, error) && ReadSize(options.Get("offset"), "offset", &offset, error) &&
         store->Map(path, offset, bytes, error);
}

}  // namespace

Napi::Function WeightStoreHandle::Define(Napi::Env env) {
  return DefineClass(env, "WeightStore",
                     {InstanceMethod<&WeightStoreHandle::PackMatrix>("packMatrix"),
                      InstanceMethod<&WeightStoreHandle::AddVector>("addVector"),
                      InstanceMethod<&WeightStoreHandle::OpenMatrix>("openMatrix"),
                      InstanceMethod<&WeightStoreHandle::OpenVector>("openVector"),
                      InstanceMethod<&WeightStoreHandle::StartBlockSums>("startBlockSums"),
                      InstanceMethod<&WeightStoreHandle::BlockSums>("blockSums"),
                      InstanceMethod<&WeightStoreHandle::StartWriting>("startWriting"),
                      InstanceMethod<&WeightStoreHandle::Writing>("writing"),
                      InstanceMethod<&WeightStoreHandle::Dispose>("dispose")});
}

WeightStoreHandle::WeightStoreHandle(const Napi::CallbackInfo& info) : Napi::ObjectWrap<WeightStoreHandle>(info) {
  Guard(info.Env(), [&](std::string* error) {
    Napi::Object options;
    std::string isa;
    int32_t threads = 0;
    if (!ReadObject(info[0], "options", &options, error) || !ReadString(options.Get("isa"), "isa", &isa, error) ||
        !ReadInt32(options.Get("threads"), "threads", 1, kMaxThreads, &threads, error)) {
      return Napi::Value();
    }
    const KernelTable* kernels = FindKernels(isa.c_str());
    if (kernels == nullptr) {
      *error = "isa " + isa + " is not available here";
      return Napi::Value();
    }
    auto store = std::make_shared<WeightStore>(kernels, threads, /*spin=*/false);
    if (!OpenRegion(options, store.get(), error)) return Napi::Value();
    info.This().As<Napi::Object>().TypeTag(&kWeightStoreTag);
    SetConstant(info, "bytes", static_cast<double>(store->bytes()));
    store_ = std::move(store);
    return Napi::Value();
  });
}

std::shared_ptr<WeightStore> WeightStoreHandle::FromValue(const Napi::Value& value, std::string* error) {
  if (!value.IsObject() || !value.As<Napi::Object>().CheckTypeTag(&kWeightStoreTag)) {
    *error = "weights must be a WeightStore";
    return nullptr;
  }
  const auto* handle = Unwrap(value.As<Napi::Object>());
  if (handle == nullptr || !handle->store_) *error = "weights: disposed";
  return error->empty() ? handle->store_ : nullptr;
}

template <typename Place>
Napi::Value WeightStoreHandle::Index(Napi::Env env, std::string* error, Place place) {
  if (!store_) *error = kDisposed;
  if (!error->empty()) return Napi::Value();
  return Napi::Number::New(env, place(error));
}

Napi::Value WeightStoreHandle::PackMatrix(const Napi::CallbackInfo& info) {
  return Guard(info.Env(), [&](std::string* error) -> Napi::Value {
    ArrayView<uint8_t> source;
    int32_t ggml_type = 0, format = 0, rows = 0, columns = 0, rope_head_dim = 0;
    size_t offset = 0;
    if (!ReadArray(info[0], "source", &source, error) ||
        !ReadInt32(info[1], "ggmlType", 0, 1 << 16, &ggml_type, error) ||
        !ReadInt32(info[2], "format", 0, kWeightFormatCount - 1, &format, error) ||
        !ReadInt32(info[3], "rows", 1, kMaxDimension, &rows, error) ||
        !ReadInt32(info[4], "columns", 1, kMaxDimension, &columns, error) ||
        !ReadInt32(info[5], "ropeHeadDim", 0, kMaxDimension, &rope_head_dim, error) ||
        !ReadSize(info[6], "offset", &offset, error)) {
      return Napi::Value();
    }
    return Index(info.Env(), error, [&](std::string* reason) {
      return store_->PackMatrix({source.data, source.length, ggml_type, rope_head_dim},
                                static_cast<WeightFormat>(format), rows, columns, offset, reason);
    });
  });
}

Napi::Value WeightStoreHandle::AddVector(const Napi::CallbackInfo& info) {
  return Guard(info.Env(), [&](std::string* error) -> Napi::Value {
    ArrayView<float> values;
    size_t offset = 0;
    if (!ReadArray(info[0], "values", &values, error) || !ReadSize(info[1], "offset", &offset, error)) {
      return Napi::Value();
    }
    if (values.length == 0 || values.length > static_cast<size_t>(kMaxDimension)) *error = "values has a bad length";
    return Index(info.Env(), error, [&](std::string* reason) {
      return store_->AddVector(values.data, values.length, offset, reason);
    });
  });
}

Napi::Value WeightStoreHandle::OpenMatrix(const Napi::CallbackInfo& info) {
  return Guard(info.Env(), [&](std::string* error) -> Napi::Value {
    int32_t format = 0, rows = 0, columns = 0;
    size_t offset = 0;
    if (!ReadInt32(info[0], "format", 0, kWeightFormatCount - 1, &format, error) ||
        !ReadInt32(info[1], "rows", 1, kMaxDimension, &rows, error) ||
        !ReadInt32(info[2], "columns", 1, kMaxDimension, &columns, error) ||
        !ReadSize(info[3], "offset", &offset, error)) {
      return Napi::Value();
    }
    return Index(info.Env(), error, [&](std::string* reason) {
      return store_->OpenMatrix(static_cast<WeightFormat>(format), rows, columns, offset, reason);
    });
  });
}

Napi::Value WeightStoreHandle::OpenVector(const Napi::CallbackInfo& info) {
  return Guard(info.Env(), [&](std::string* error) -> Napi::Value {
    int32_t length = 0;
    size_t offset = 0;
    if (!ReadInt32(info[0], "length", 1, kMaxDimension, &length, error) ||
        !ReadSize(info[1], "offset", &offset, error)) {
      return Napi::Value();
    }
    return Index(info.Env(), error, [&](std::string* reason) {
      return store_->OpenVector(static_cast<size_t>(length), offset, reason);
    });
  });
}

Napi::Value WeightStoreHandle::StartBlockSums(const Napi::CallbackInfo& info) {
  return Guard(info.Env(), [&](std::string* error) -> Napi::Value {
    if (!store_) *error = kDisposed;
    if (error->empty()) store_->StartBlockSums();
    return Napi::Value();
  });
}

// Two words a block, the lower first.
Napi::Value WeightStoreHandle::BlockSums(const Napi::CallbackInfo& info) {
  return Guard(info.Env(), [&](std::string* error) -> Napi::Value {
    if (!store_) *error = kDisposed;
    if (!error->empty()) return Napi::Value();
    const std::vector<uint64_t> sums = store_->BlockSums();
    Napi::Uint32Array words = Napi::Uint32Array::New(info.Env(), sums.size() * 2);
    for (size_t i = 0; i < sums.size(); ++i) {
      words[2 * i] = static_cast<uint32_t>(sums[i]);
      words[2 * i + 1] = static_cast<uint32_t>(sums[i] >> 32);
    }
    return words;
  });
}

Napi::Value WeightStoreHandle::StartWriting(const Napi::CallbackInfo& info) {
  return Guard(info.Env(), [&](std::string* error) -> Napi::Value {
    Napi::Object options;
    PackOutput output = {};
    if (!ReadObject(info[0], "options", &options, error) ||
        !ReadString(options.Get("path"), "path", &output.path, error) ||
        !ReadString(options.Get("partialPath"), "partialPath", &output.partial_path, error) ||
        !CopyArray(options.Get("header"), "header", &output.header, error) ||
        !ReadSize(options.Get("sumsOffset"), "sumsOffset", &output.sums_offset, error) ||
        !ReadSize(options.Get("dataOffset"), "dataOffset", &output.data_offset, error)) {
      return Napi::Value();
    }
    if (!store_) *error = kDisposed;
    if (error->empty()) store_->StartWriting(std::move(output), error);
    return Napi::Value();
  });
}

Napi::Value WeightStoreHandle::Writing(const Napi::CallbackInfo& info) {
  return Guard(info.Env(), [&](std::string* error) -> Napi::Value {
    if (!store_) *error = kDisposed;
    if (!error->empty()) return Napi::Value();
    const PackWriter* writer = store_->writer();
    if (writer == nullptr) return info.Env().Null();
    Napi::Object result = Napi::Object::New(info.Env());
    result.Set("state", kWriteStates[static_cast<int>(writer->state())]);
    result.Set("fraction", writer->fraction());
    result.Set("reason", writer->reason());
    return result;
  });
}

Napi::Value WeightStoreHandle::Dispose(const Napi::CallbackInfo& info) {
  return Guard(info.Env(), [&](std::string*) {
    store_.reset();
    return Napi::Value();
  });
}

}  // namespace turnwise
