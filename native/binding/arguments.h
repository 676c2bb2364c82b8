// Checks of what comes from JavaScript, and what goes there. Each reader returns false and writes a short reason that
// names the argument; the caller's Guard turns the reason into an Error. No exception and no abort crosses.
#pragma once

#include <napi.h>

#include <cmath>
#include <exception>
#include <new>
#include <string>
#include <vector>

namespace turnwise {

// Runs `body(&error)` and throws a JavaScript Error where it left a reason. An exception that a getter
// of the caller raised takes precedence.
template <typename Body>
Napi::Value Guard(Napi::Env env, Body body) {
  std::string error;
  Napi::Value result;
  try {
    result = body(&error);
  } catch (const std::bad_alloc&) {
    error = "out of memory";
  } catch (const std::exception& thrown) {
    error = thrown.what();
  } catch (...) {
    error = "an unknown failure";
  }
  if (env.IsExceptionPending()) return Napi::Value();
  if (!error.empty()) {
    Napi::Error::New(env, error).ThrowAsJavaScriptException();
    return Napi::Value();
  }
  return result.IsEmpty() ? env.Undefined() : result;
}

// Gives the handle that is constructed a read-only number, which it keeps after dispose(). Not a getter of its class:
// the engine checks whom a method is called on, but a getter may be handed any object.
inline void SetConstant(const Napi::CallbackInfo& info, const char* name, double value) {
  const Napi::Number number = Napi::Number::New(info.Env(), value);
  info.This().As<Napi::Object>().DefineProperty(Napi::PropertyDescriptor::Value(name, number, napi_enumerable));
}

// The largest integer that a double holds exactly, and its neighbours too.
constexpr double kMaxSafeInteger = 9007199254740991.0;

inline bool ReadInteger(const Napi::Value& value, const char* name, double low, double high, double* out,
                        std::string* error) {
  const double number = value.IsNumber() ? value.As<Napi::Number>().DoubleValue() : NAN;
  if (number >= low && number <= high && number == std::floor(number)) {
    *out = number;
    return true;
  }
  *error = std::string(name) + " must be an integer from " + std::to_string(static_cast<int64_t>(low)) + " to " +
           std::to_string(static_cast<int64_t>(high));
  return false;
}

inline bool ReadInt32(const Napi::Value& value, const char* name, int32_t low, int32_t high, int32_t* out,
                      std::string* error) {
  double number = 0;
  if (!ReadInteger(value, name, low, high, &number, error)) return false;
  *out = static_cast<int32_t>(number);
  return true;
}

inline bool ReadString(const Napi::Value& value, const char* name, std::string* out, std::string* error) {
  if (!value.IsString()) {
    *error = std::string(name) + " must be a string";
    return false;
  }
  *out = value.As<Napi::String>().Utf8Value();
  return true;
}

inline bool ReadObject(const Napi::Value& value, const char* name, Napi::Object* out, std::string* error) {
  if (!value.IsObject()) {
    *error = std::string(name) + " must be an object";
    return false;
  }
  *out = value.As<Napi::Object>();
  return true;
}

// A typed array's memory, good until JavaScript runs again.
template <typename T>
struct ArrayView {
  T* data = nullptr;
  size_t length = 0;
};

template <typename T>
struct ArrayTraits;
template <>
struct ArrayTraits<int32_t> {
  static constexpr napi_typedarray_type kType = napi_int32_array;
  static constexpr const char* kName = "Int32Array";
};
template <>
struct ArrayTraits<uint32_t> {
  static constexpr napi_typedarray_type kType = napi_uint32_array;
  static constexpr const char* kName = "Uint32Array";
};
template <>
struct ArrayTraits<float> {
  static constexpr napi_typedarray_type kType = napi_float32_array;
  static constexpr const char* kName = "Float32Array";
};
template <>
struct ArrayTraits<uint8_t> {
  static constexpr napi_typedarray_type kType = napi_uint8_array;
  static constexpr const char* kName = "Uint8Array";
};

template <typename T>
bool ReadArray(const Napi::Value& value, const char* name, ArrayView<T>* out, std::string* error) {
  if (value.IsTypedArray()) {
    napi_typedarray_type type;
    size_t length = 0;
    void* data = nullptr;
    const napi_status status =
        napi_get_typedarray_info(value.Env(), value, &type, &length, &data, nullptr, nullptr);
    if (status == napi_ok && type == ArrayTraits<T>::kType) {
      *out = {static_cast<T*>(data), data == nullptr ? 0 : length};
      return true;
    }
  }
  *error = std::string(name) + " must be a " + ArrayTraits<T>::kName;
  return false;
}

template <typename T>
bool CopyArray(const Napi::Value& value, const char* name, std::vector<T>* out, std::string* error) {
  ArrayView<T> view;
  if (!ReadArray(value, name, &view, error)) return false;
  out->assign(view.data, view.data + view.length);
  return true;
}

}  // namespace turnwise
