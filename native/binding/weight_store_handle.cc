#include <algorithm>

#include "arguments.h"
#include "handles.h"

namespace turnwise {
namespace {

// Tells a WeightStore from any other object that wraps something.
constexpr napi_type_tag kWeightStoreTag = {0x7475726e77697365, 0x0000000077736831};

constexpr int32_t kMaxDimension = 1 << 24;

}  // namespace

Napi::Function WeightStoreHandle::Define(Napi::Env env) {
  return DefineClass(env, "WeightStore",
                     {InstanceAccessor<&WeightStoreHandle::Bytes>("bytes"),
                      InstanceMethod<&WeightStoreHandle::PackMatrix>("packMatrix"),
                      InstanceMethod<&WeightStoreHandle::AddVector>("addVector"),
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
    info.This().As<Napi::Object>().TypeTag(&kWeightStoreTag);
    store_ = std::make_shared<WeightStore>(kernels, threads, /*spin=*/false);
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

Napi::Value WeightStoreHandle::Bytes(const Napi::CallbackInfo& info) {
  return Guard(info.Env(), [&](std::string* error) -> Napi::Value {
    if (!store_) *error = kDisposed;
    return store_ ? Napi::Number::New(info.Env(), static_cast<double>(store_->bytes())) : Napi::Value();
  });
}

Napi::Value WeightStoreHandle::PackMatrix(const Napi::CallbackInfo& info) {
  return Guard(info.Env(), [&](std::string* error) -> Napi::Value {
    ArrayView<uint8_t> source;
    int32_t ggml_type = 0, format = 0, rows = 0, columns = 0, rope_head_dim = 0;
    if (!ReadArray(info[0], "source", &source, error) ||
        !ReadInt32(info[1], "ggmlType", 0, 1 << 16, &ggml_type, error) ||
        !ReadInt32(info[2], "format", 0, kWeightFormatCount - 1, &format, error) ||
        !ReadInt32(info[3], "rows", 1, kMaxDimension, &rows, error) ||
        !ReadInt32(info[4], "columns", 1, kMaxDimension, &columns, error) ||
        !ReadInt32(info[5], "ropeHeadDim", 0, kMaxDimension, &rope_head_dim, error)) {
      return Napi::Value();
    }
    if (!store_) *error = kDisposed;
    if (!error->empty()) return Napi::Value();
    const int index = store_->PackMatrix({source.data, source.length, ggml_type, rope_head_dim},
                                         static_cast<WeightFormat>(format), rows, columns, error);
    return Napi::Number::New(info.Env(), index);
  });
}

Napi::Value WeightStoreHandle::AddVector(const Napi::CallbackInfo& info) {
  return Guard(info.Env(), [&](std::string* error) -> Napi::Value {
    ArrayView<float> values;
    if (!ReadArray(info[0], "values", &values, error)) return Napi::Value();
    if (values.length == 0 || values.length > static_cast<size_t>(kMaxDimension)) *error = "values has a bad length";
    if (!store_) *error = kDisposed;
    if (!error->empty()) return Napi::Value();
    return Napi::Number::New(info.Env(), store_->AddVector(values.data, values.length));
  });
}

Napi::Value WeightStoreHandle::Dispose(const Napi::CallbackInfo& info) {
  return Guard(info.Env(), [&](std::string*) {
    store_.reset();
    return Napi::Value();
  });
}

}  // namespace turnwise
