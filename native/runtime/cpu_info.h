// What this process may use of the machine.
#pragma once

#include <string>
#include <vector>

namespace turnwise {

struct CpuInfo {
  std::string architecture;  // "x64", "arm64"
  std::string model;
  std::vector<std::string> features;
  std::vector<std::string> isa_levels;  // that this binary has and this CPU runs, best last
  int usable_cores;
  int physical_cores;
  // The cgroup's quota is no whole number of cores: a thread that spins burns what others need.
  bool fractional_quota;
};

CpuInfo ReadCpuInfo();

// Whether `threads` threads may spin at barriers.
bool MaySpin(int threads);

}  // namespace turnwise
