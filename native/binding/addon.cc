// What the .node file exports: src/native/addon-types.ts. It keeps no state of its own, so that it can
// be loaded in any number of worker threads.
#include <napi.h>

#include "../runtime/cpu_info.h"
#include "../runtime/mapped_file.h"
#include "../runtime/numa.h"
#include "../runtime/thread_slice.h"
#include "arguments.h"
#include "handles.h"

namespace turnwise {
namespace {

// ADDON_ABI in addon-types.ts.
constexpr int kAddonAbi = 10;

Napi::Array StringArray(Napi::Env env, const std::vector<std::string>& strings) {
  Napi::Array array = Napi::Array::New(env, strings.size());
  for (size_t i = 0; i < strings.size(); ++i) array.Set(static_cast<uint32_t>(i), Napi::String::New(env, strings[i]));
  return array;
}

Napi::Value GetCpuInfo(const Napi::CallbackInfo& call) {
  const Napi::Env env = call.Env();
  return Guard(env, [&](std::string*) -> Napi::Value {
    const CpuInfo info = ReadCpuInfo();
    Napi::Object result = Napi::Object::New(env);
    result.Set("architecture", info.architecture);
    result.Set("model", info.model);
    result.Set("features", StringArray(env, info.features));
    result.Set("isaLevels", StringArray(env, info.isa_levels));
    return result;
  });
}

Napi::Value CanPlace(const Napi::CallbackInfo& call) {
  const Napi::Env env = call.Env();
  return Guard(env, [&](std::string* error) -> Napi::Value {
    int32_t node = 0;
    if (!ReadInt32(call[0], "node", 0, kMaxNumaNodes - 1, &node, error)) return Napi::Value();
    return Napi::Boolean::New(env, CanPlacePages(node));
  });
}

Napi::Value SetSlice(const Napi::CallbackInfo& call) {
  const Napi::Env env = call.Env();
  return Guard(env, [&](std::string* error) -> Napi::Value {
    constexpr int32_t kLongest = 100'000'000;
    int32_t nanoseconds = 0;
    if (!ReadInt32(call[0], "nanoseconds", 0, kLongest, &nanoseconds, error)) return Napi::Value();
    return Napi::Boolean::New(env, SetThreadSlice(static_cast<uint64_t>(nanoseconds)));
  });
}

Napi::Value GetSlice(const Napi::CallbackInfo& call) {
  return Napi::Number::New(call.Env(), static_cast<double>(ThreadSlice()));
}

// NATIVE_LIMITS in src/base/native-limits.ts.
Napi::Object Limits(Napi::Env env) {
  Napi::Object limits = Napi::Object::New(env);
  limits.Set("threads", kMaxThreads);
  limits.Set("headDim", kMaxHeadDim);
  limits.Set("contextTokens", kMaxContextTokens);
  limits.Set("attentionSplitTokens", kAttentionSplitTokens);
  limits.Set("numaNodes", kMaxNumaNodes);
  limits.Set("cpus", kMaxCpus);
  limits.Set("mappedFiles", kMaxMappedFiles);
  return limits;
}

// WEIGHT_FORMATS in src/base/weight-formats.ts.
Napi::Array WeightFormats(Napi::Env env) {
  Napi::Array formats = Napi::Array::New(env, kWeightFormatCount);
  for (uint32_t code = 0; code < kWeightFormatCount; ++code) {
    const WeightFormatInfo& info = InfoOf(static_cast<WeightFormat>(code));
    Napi::Object row = Napi::Object::New(env);
    row.Set("name", info.name);
    row.Set("groupColumns", info.group_columns);
    row.Set("groupBytes", info.group_bytes);
    row.Set("operand", info.operand == OperandType::kQ8a ? "q8a" : "f32");
    formats.Set(code, row);
  }
  return formats;
}

// Every level of this binary, whether or not this CPU runs it, and how it wants weights packed.
Napi::Array WeightLayouts(Napi::Env env) {
  Napi::Array levels = Napi::Array::New(env);
  for (int index = 0; const KernelTable* kernels = CompiledKernels(index); ++index) {
    Napi::Object row = Napi::Object::New(env);
    row.Set("isa", kernels->isa);
    row.Set("layout", LayoutName(kernels->weight_layout));
    levels.Set(static_cast<uint32_t>(index), row);
  }
  return levels;
}

Napi::Object Init(Napi::Env env, Napi::Object exports) {
  exports.Set("abi", kAddonAbi);
  exports.Set("cpuInfo", Napi::Function::New(env, GetCpuInfo, "cpuInfo"));
  exports.Set("canPlacePages", Napi::Function::New(env, CanPlace, "canPlacePages"));
  exports.Set("setThreadSlice", Napi::Function::New(env, SetSlice, "setThreadSlice"));
  exports.Set("threadSlice", Napi::Function::New(env, GetSlice, "threadSlice"));
  exports.Set("limits", Limits(env));
  exports.Set("weightFormats", WeightFormats(env));
  exports.Set("weightLayouts", WeightLayouts(env));
  exports.Set("Mapping", MappingHandle::Define(env));
  exports.Set("WeightStore", WeightStoreHandle::Define(env));
  exports.Set("Executor", ExecutorHandle::Define(env));
  exports.Set("MachineProbe", MachineProbeHandle::Define(env));
  return exports;
}

}  // namespace
}  // namespace turnwise

// Napi wants the name in the global namespace.
static Napi::Object InitTurnwise(Napi::Env env, Napi::Object exports) { return turnwise::Init(env, exports); }
NODE_API_MODULE(turnwise, InitTurnwise)
