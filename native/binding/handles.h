// The handles that JavaScript holds; src/native/addon-types.ts defines their methods. Every
// method first checks its arguments and that the handle was not disposed.
#pragma once

#include <napi.h>

#include <memory>

#include "../bench/machine_probe.h"
#include "../runtime/executor.h"
#include "../runtime/mapped_file.h"
#include "../runtime/weight_store.h"

namespace turnwise {

// A file mapped read-only. Each view is an ArrayBuffer of its own over the mapping, which it keeps alive
// until it is collected; views may overlap.
class MappingHandle : public Napi::ObjectWrap<MappingHandle> {
 public:
  static Napi::Function Define(Napi::Env env);
  explicit MappingHandle(const Napi::CallbackInfo& info);

 private:
  Napi::Value View(const Napi::CallbackInfo& info);
  Napi::Value IsCurrent(const Napi::CallbackInfo& info);
  Napi::Value Dispose(const Napi::CallbackInfo& info);
  Napi::Value ViewOf(Napi::Env env, size_t offset, size_t length, std::string* error) const;

  std::shared_ptr<MappedFile> file_;
};

class WeightStoreHandle : public Napi::ObjectWrap<WeightStoreHandle> {
 public:
  static Napi::Function Define(Napi::Env env);
  explicit WeightStoreHandle(const Napi::CallbackInfo& info);

  // The store behind a JavaScript value; null with a reason where it is no live WeightStore.
  static std::shared_ptr<WeightStore> FromValue(const Napi::Value& value, std::string* error);

 private:
  Napi::Value PackMatrix(const Napi::CallbackInfo& info);
  Napi::Value AddVector(const Napi::CallbackInfo& info);
  Napi::Value OpenMatrix(const Napi::CallbackInfo& info);
  Napi::Value OpenVector(const Napi::CallbackInfo& info);
  Napi::Value StartBlockSums(const Napi::CallbackInfo& info);
  Napi::Value BlockSums(const Napi::CallbackInfo& info);
  Napi::Value StartWriting(const Napi::CallbackInfo& info);
  Napi::Value Writing(const Napi::CallbackInfo& info);
  Napi::Value Dispose(const Napi::CallbackInfo& info);
  // Runs `place(&error)`, which returns a weight's index or -1, where the arguments were right.
  template <typename Place>
  Napi::Value Index(Napi::Env env, std::string* error, Place place);

  std::shared_ptr<WeightStore> store_;
};

class ExecutorHandle : public Napi::ObjectWrap<ExecutorHandle> {
 public:
  static Napi::Function Define(Napi::Env env);
  explicit ExecutorHandle(const Napi::CallbackInfo& info);

 private:
  Napi::Value Step(const Napi::CallbackInfo& info);
  Napi::Value Sample(const Napi::CallbackInfo& info);
  Napi::Value ReadLogits(const Napi::CallbackInfo& info);
  Napi::Value CopyPage(const Napi::CallbackInfo& info);
  Napi::Value TakeProfile(const Napi::CallbackInfo& info);
  Napi::Value Dispose(const Napi::CallbackInfo& info);

  std::unique_ptr<Executor> executor_;
};

// For benches: what this machine can do at most.
class MachineProbeHandle : public Napi::ObjectWrap<MachineProbeHandle> {
 public:
  static Napi::Function Define(Napi::Env env);
  explicit MachineProbeHandle(const Napi::CallbackInfo& info);

 private:
  Napi::Value ReadBandwidth(const Napi::CallbackInfo& info);
  Napi::Value Int8Rate(const Napi::CallbackInfo& info);
  Napi::Value Dispose(const Napi::CallbackInfo& info);
  template <typename Measure>
  Napi::Value Rate(const Napi::CallbackInfo& info, Measure measure);

  std::unique_ptr<MachineProbe> probe_;
};

// What every method says after dispose(); TypeScript recognises it.
constexpr const char* kDisposed = "disposed";

// Threads that a handle may be asked for; far above any machine, far below what a process can start.
constexpr int32_t kMaxThreads = 512;

}  // namespace turnwise
