#include "../bench/machine_probe.h"

#include "../kernels/kernels.h"
#include "arguments.h"
#include "handles.h"

namespace turnwise {
namespace {

// Beyond this a block only takes longer to read.
constexpr double kMaxBlockBytes = static_cast<double>(uint64_t{1} << 36);

}  // namespace

Napi::Function MachineProbeHandle::Define(Napi::Env env) {
  return DefineClass(env, "MachineProbe",
                     {InstanceMethod<&MachineProbeHandle::ReadBandwidth>("readBandwidth"),
                      InstanceMethod<&MachineProbeHandle::Int8Rate>("int8Rate"),
                      InstanceMethod<&MachineProbeHandle::Dispose>("dispose")});
}

MachineProbeHandle::MachineProbeHandle(const Napi::CallbackInfo& info) : Napi::ObjectWrap<MachineProbeHandle>(info) {
  Guard(info.Env(), [&](std::string* error) {
    Napi::Object options;
    std::string isa;
    int32_t threads = 0;
    double bytes = 0;
    if (!ReadObject(info[0], "options", &options, error) || !ReadString(options.Get("isa"), "isa", &isa, error) ||
        !ReadInt32(options.Get("threads"), "threads", 1, kMaxThreads, &threads, error) ||
        !ReadInteger(options.Get("bytes"), "bytes", 1, kMaxBlockBytes, &bytes, error)) {
      return Napi::Value();
    }
    if (FindKernels(isa.c_str()) == nullptr) {
      *error = "isa " + isa + " is not available here";
    } else {
      probe_ = MachineProbe::Create(isa.c_str(), threads, static_cast<size_t>(bytes), error);
    }
    return Napi::Value();
  });
}

template <typename Measure>
Napi::Value MachineProbeHandle::Rate(const Napi::CallbackInfo& info, Measure measure) {
  return Guard(info.Env(), [&](std::string* error) -> Napi::Value {
    if (!probe_) *error = kDisposed;
    return probe_ ? Napi::Number::New(info.Env(), measure(*probe_)) : Napi::Value();
  });
}

Napi::Value MachineProbeHandle::ReadBandwidth(const Napi::CallbackInfo& info) {
  return Rate(info, [](MachineProbe& probe) { return probe.ReadBandwidth(); });
}

Napi::Value MachineProbeHandle::Int8Rate(const Napi::CallbackInfo& info) {
  return Rate(info, [](MachineProbe& probe) { return probe.Int8Rate(); });
}

Napi::Value MachineProbeHandle::Dispose(const Napi::CallbackInfo& info) {
  probe_.reset();
  return info.Env().Undefined();
}

}  // namespace turnwise
