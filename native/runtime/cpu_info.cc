#include "cpu_info.h"

#include <fstream>
#include <sstream>

#ifdef __APPLE__
#include <sys/sysctl.h>
#endif

#include "../kernels/kernels.h"

namespace turnwise {
namespace {

std::string ArchitectureName() {
#if defined(__x86_64__)
  return "x64";
#elif defined(__aarch64__)
  return "arm64";
#else
  return "other";
#endif
}

#ifdef __linux__
// The value of the first line "name : value" of /proc/cpuinfo.
std::string CpuInfoField(const std::string& name) {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    const size_t colon = line.find(':');
    if (line.compare(0, name.size(), name) != 0 || colon == std::string::npos) continue;
    const size_t begin = line.find_first_not_of(" \t", colon + 1);
    return begin == std::string::npos ? "" : line.substr(begin);
  }
  return "";
}

void ReadMachine(CpuInfo* info) {
  info->model = CpuInfoField("model name");
  const std::string flags = CpuInfoField("flags");
  std::istringstream words(flags.empty() ? CpuInfoField("Features") : flags);
  for (std::string word; words >> word;) info->features.push_back(word);
}
#elif defined(__APPLE__)
void ReadMachine(CpuInfo* info) {
  char model[256] = "";
  size_t bytes = sizeof(model);
  if (sysctlbyname("machdep.cpu.brand_string", model, &bytes, nullptr, 0) == 0) info->model = model;
}
#else
void ReadMachine(CpuInfo*) {}
#endif

}  // namespace

CpuInfo ReadCpuInfo() {
  CpuInfo info{};
  info.architecture = ArchitectureName();
  ReadMachine(&info);
  for (int i = 0; const char* level = IsaLevelName(i); ++i) info.isa_levels.push_back(level);
  return info;
}

}  // namespace turnwise
