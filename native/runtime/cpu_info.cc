#include "cpu_info.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>
#include <thread>

#ifdef __linux__
#include <sched.h>
#endif
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
std::string ReadLine(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

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

std::vector<int> AllowedCpus() {
  // The kernel may know more CPUs than cpu_set_t holds; it refuses a mask that is too small.
  for (int capacity = CPU_SETSIZE; capacity <= 1 << 16; capacity *= 2) {
    cpu_set_t* set = CPU_ALLOC(capacity);
    const size_t bytes = CPU_ALLOC_SIZE(capacity);
    std::vector<int> cpus;
    const bool known = set != nullptr && sched_getaffinity(0, bytes, set) == 0;
    for (int cpu = 0; known && cpu < capacity; ++cpu) {
      if (CPU_ISSET_S(cpu, bytes, set)) cpus.push_back(cpu);
    }
    CPU_FREE(set);
    if (known) return cpus;
  }
  return {};
}

int CountPhysicalCores(const std::vector<int>& cpus) {
  std::set<std::string> cores;
  for (int cpu : cpus) {
    const std::string base = "/sys/devices/system/cpu/cpu" + std::to_string(cpu) + "/topology/";
    std::string siblings = ReadLine(base + "core_cpus_list");
    if (siblings.empty()) siblings = ReadLine(base + "thread_siblings_list");
    cores.insert(siblings.empty() ? std::to_string(cpu) : siblings);
  }
  return static_cast<int>(cores.size());
}

// Cores that a quota of `quota` per `period` microseconds is worth; infinity where there is none.
double QuotaCores(double quota, double period) { return quota > 0 && period > 0 ? quota / period : INFINITY; }

double CgroupV2Quota(const std::string& directory) {
  std::istringstream line(ReadLine(directory + "/cpu.max"));
  double quota = 0;
  double period = 0;
  return line >> quota >> period ? QuotaCores(quota, period) : INFINITY;
}

double CgroupV1Quota(const std::string& directory) {
  const std::string quota = ReadLine(directory + "/cpu.cfs_quota_us");
  const std::string period = ReadLine(directory + "/cpu.cfs_period_us");
  return quota.empty() || period.empty() ? INFINITY : QuotaCores(std::atof(quota.c_str()), std::atof(period.c_str()));
}

// The smallest quota of a group and those above it.
double QuotaOfPath(const std::string& mount, std::string path, double (*read)(const std::string&)) {
  double smallest = read(mount);
  while (path.size() > 1) {
    smallest = std::min(smallest, read(mount + path));
    path.resize(path.rfind('/'));
  }
  return smallest;
}

double CgroupQuotaCores() {
  double smallest = INFINITY;
  std::ifstream groups("/proc/self/cgroup");
  // Lines are "hierarchy:controllers:path"; version 2 has no controllers.
  for (std::string line; std::getline(groups, line);) {
    const size_t first = line.find(':');
    const size_t second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    const std::string path = line.substr(second + 1);
    if (controllers.empty()) {
      smallest = std::min(smallest, QuotaOfPath("/sys/fs/cgroup", path, CgroupV2Quota));
    } else if (("," + controllers + ",").find(",cpu,") != std::string::npos) {
      // Inside a container the mount may show the group itself as its root.
      smallest = std::min(smallest, QuotaOfPath("/sys/fs/cgroup/cpu", path, CgroupV1Quota));
      smallest = std::min(smallest, QuotaOfPath("/sys/fs/cgroup/" + controllers, path, CgroupV1Quota));
    }
  }
  return smallest;
}

void ReadMachine(CpuInfo* info) {
  info->model = CpuInfoField("model name");
  const std::string flags = CpuInfoField("flags");
  std::istringstream words(flags.empty() ? CpuInfoField("Features") : flags);
  for (std::string word; words >> word;) info->features.push_back(word);
  const std::vector<int> cpus = AllowedCpus();
  if (!cpus.empty()) {
    info->usable_cores = static_cast<int>(cpus.size());
    info->physical_cores = std::max(1, CountPhysicalCores(cpus));
  }
  const double quota = CgroupQuotaCores();
  if (quota < info->usable_cores) {
    info->usable_cores = std::max(1, static_cast<int>(quota));
    info->fractional_quota = quota != std::floor(quota);
  }
}
#elif defined(__APPLE__)
void ReadMachine(CpuInfo* info) {
  char model[256] = "";
  size_t bytes = sizeof(model);
  if (sysctlbyname("machdep.cpu.brand_string", model, &bytes, nullptr, 0) == 0) info->model = model;
  int cores = 0;
  bytes = sizeof(cores);
  if (sysctlbyname("hw.physicalcpu", &cores, &bytes, nullptr, 0) == 0 && cores > 0) info->physical_cores = cores;
}
#else
void ReadMachine(CpuInfo*) {}
#endif

}  // namespace

CpuInfo ReadCpuInfo() {
  CpuInfo info{};
  info.architecture = ArchitectureName();
  info.usable_cores = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  info.physical_cores = info.usable_cores;
  ReadMachine(&info);
  for (int i = 0; const char* level = IsaLevelName(i); ++i) info.isa_levels.push_back(level);
  return info;
}

bool MaySpin(int threads) {
  const CpuInfo info = ReadCpuInfo();
  return threads <= info.usable_cores && !info.fractional_quota;
}

}  // namespace turnwise
