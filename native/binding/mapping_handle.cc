#include <utility>

#include "arguments.h"
#include "handles.h"

namespace turnwise {
namespace {

// V8 of Node 20 ends the process at an ArrayBuffer above this size.
constexpr size_t kMaxViewBytes = size_t{4} << 30;

}  // namespace

Napi::Function MappingHandle::Define(Napi::Env env) {
  return DefineClass(env, "Mapping",
                     {InstanceMethod<&MappingHandle::View>("view"),
                      InstanceMethod<&MappingHandle::IsCurrent>("isCurrent"),
                      InstanceMethod<&MappingHandle::Dispose>("dispose")});
}

MappingHandle::MappingHandle(const Napi::CallbackInfo& info) : Napi::ObjectWrap<MappingHandle>(info) {
  Guard(info.Env(), [&](std::string* error) {
    std::string path;
    if (!ReadString(info[0], "path", &path, error)) return Napi::Value();
    // Views are writable in JavaScript's eyes: a stray write must change neither the file nor the process's life.
    file_ = MappedFile::Open(path, MappedFile::Writes::kCopied, error);
    if (file_) SetConstant(info, "size", static_cast<double>(file_->size()));
    return Napi::Value();
  });
}

Napi::Value MappingHandle::View(const Napi::CallbackInfo& info) {
  return Guard(info.Env(), [&](std::string* error) -> Napi::Value {
    double offset = 0;
    double length = 0;
    if (!ReadInteger(info[0], "offset", 0, kMaxSafeInteger, &offset, error) ||
        !ReadInteger(info[1], "length", 0, kMaxSafeInteger, &length, error)) {
      return Napi::Value();
    }
    if (!file_) {
      *error = kDisposed;
      return Napi::Value();
    }
    const double size = static_cast<double>(file_->size());
    if (offset > size || length > size - offset) {
      *error = "the range is outside the file";
      return Napi::Value();
    }
    return ViewOf(info.Env(), static_cast<size_t>(offset), static_cast<size_t>(length), error);
  });
}

Napi::Value MappingHandle::ViewOf(Napi::Env env, size_t offset, size_t length, std::string* error) const {
  if (length == 0) return Napi::Uint8Array::New(env, 0);
  if (length > kMaxViewBytes) {
    *error = "a view is at most 4 GiB";
    return Napi::Value();
  }
  auto* keeper = new std::shared_ptr<MappedFile>(file_);
  const auto release = [](napi_env, void*, void* hint) { delete static_cast<std::shared_ptr<MappedFile>*>(hint); };
  uint8_t* data = const_cast<uint8_t*>(file_->data()) + offset;
  napi_value buffer = nullptr;
  napi_value view = nullptr;
  if (napi_create_external_arraybuffer(env, data, length, release, keeper, &buffer) != napi_ok) {
    delete keeper;
    *error = "this JavaScript engine does not take external memory";
    return Napi::Value();
  }
  if (napi_create_typedarray(env, napi_uint8_array, length, buffer, 0, &view) != napi_ok) {
    *error = "this range cannot be viewed";
  }
  return Napi::Value(env, view);
}

Napi::Value MappingHandle::IsCurrent(const Napi::CallbackInfo& info) {
  return Guard(info.Env(), [&](std::string* error) -> Napi::Value {
    if (!file_) *error = kDisposed;
    return file_ ? Napi::Boolean::New(info.Env(), file_->IsCurrent()) : Napi::Value();
  });
}

Napi::Value MappingHandle::Dispose(const Napi::CallbackInfo& info) {
  return Guard(info.Env(), [&](std::string*) {
    file_.reset();
    return Napi::Value();
  });
}

}  // namespace turnwise
