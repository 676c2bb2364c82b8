// The CPU by name and features; how many of its cores there are to use: src/base/usable-cores.ts.
#pragma once

#include <string>
#include <vector>

namespace turnwise {

struct CpuInfo {
  std::string architecture;  // "x64", "arm64"
  std::string model;
  std::vector<std::string> features;
  std::vector<std::string> isa_levels;  // that this binary has and this CPU runs, best last
};

CpuInfo ReadCpuInfo();

}  // namespace turnwise
