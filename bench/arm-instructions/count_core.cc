// A plugin of qemu-user (docs/devel/tcg-plugins.rst, version 1 of its API): counts the instructions that a guest executes
// in one of its files, here the native core, on whatever thread. The guest marks what it does with umask(LABEL),
// a call that changes nothing else; at each mark a line "LABEL COUNT" is added to the file `out`.
//
//   qemu-aarch64 -plugin count_core.so,module=turnwise.node,out=FILE ...
#include <cinttypes>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

// Of qemu-plugin.h, which Debian does not package.
extern "C" {
struct qemu_plugin_tb;
struct qemu_plugin_insn;
size_t qemu_plugin_tb_n_insns(const qemu_plugin_tb* block);
qemu_plugin_insn* qemu_plugin_tb_get_insn(const qemu_plugin_tb* block, size_t index);
void* qemu_plugin_insn_haddr(const qemu_plugin_insn* instruction);
void qemu_plugin_register_vcpu_tb_trans_cb(uint64_t id, void (*callback)(uint64_t, qemu_plugin_tb*));
void qemu_plugin_register_vcpu_tb_exec_inline(qemu_plugin_tb* block, int operation, void* counter, uint64_t value);
void qemu_plugin_register_vcpu_syscall_cb(uint64_t id, void (*callback)(uint64_t, unsigned, int64_t, uint64_t, uint64_t,
                                                                        uint64_t, uint64_t, uint64_t, uint64_t, uint64_t,
                                                                        uint64_t));
__attribute__((visibility("default"))) int qemu_plugin_version = 1;
__attribute__((visibility("default"))) int qemu_plugin_install(uint64_t id, const void* info, int count, char** arguments);
}

namespace {

constexpr int kAddU64 = 0;
constexpr int64_t kUmask = 166;

struct Range {
  uintptr_t begin;
  uintptr_t end;
  bool is_core;
};

std::string module_name;
std::string out_path;
uint64_t executed = 0;
std::vector<Range> ranges;

// The host's view: qemu maps the guest's files as they are.
void ReadRanges() {
  ranges.clear();
  FILE* maps = std::fopen("/proc/self/maps", "r");
  if (maps == nullptr) return;
  char line[4096];
  while (std::fgets(line, sizeof line, maps) != nullptr) {
    Range range{};
    if (std::sscanf(line, "%" SCNxPTR "-%" SCNxPTR, &range.begin, &range.end) != 2) continue;
    range.is_core = std::strstr(line, module_name.c_str()) != nullptr;
    ranges.push_back(range);
  }
  std::fclose(maps);
}

const Range* FindRange(uintptr_t address) {
  for (const Range& range : ranges) {
    if (address >= range.begin && address < range.end) return &range;
  }
  return nullptr;
}

bool IsCore(const void* host_address) {
  const uintptr_t address = reinterpret_cast<uintptr_t>(host_address);
  const Range* range = FindRange(address);
  if (range == nullptr) {
    ReadRanges();
    range = FindRange(address);
  }
  return range != nullptr && range->is_core;
}

// A block lies in one page, and so in one file. qemu calls this with its lock held.
void OnTranslate(uint64_t, qemu_plugin_tb* block) {
  if (!IsCore(qemu_plugin_insn_haddr(qemu_plugin_tb_get_insn(block, 0)))) return;
  qemu_plugin_register_vcpu_tb_exec_inline(block, kAddU64, &executed, qemu_plugin_tb_n_insns(block));
}

void OnSyscall(uint64_t, unsigned, int64_t number, uint64_t label, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t,
               uint64_t, uint64_t) {
  if (number != kUmask) return;
  FILE* out = std::fopen(out_path.c_str(), "a");
  if (out == nullptr) return;
  std::fprintf(out, "%" PRIu64 " %" PRIu64 "\n", label, executed);
  std::fclose(out);
}

bool TakeValue(const char* argument, const char* name, std::string* value) {
  const size_t length = std::strlen(name);
  if (std::strncmp(argument, name, length) != 0 || argument[length] != '=') return false;
  *value = argument + length + 1;
  return true;
}

}  // namespace

int qemu_plugin_install(uint64_t id, const void*, int count, char** arguments) {
  for (int i = 0; i < count; ++i) {
    if (!TakeValue(arguments[i], "module", &module_name) && !TakeValue(arguments[i], "out", &out_path)) return -1;
  }
  if (module_name.empty() || out_path.empty()) return -1;
  qemu_plugin_register_vcpu_tb_trans_cb(id, OnTranslate);
  qemu_plugin_register_vcpu_syscall_cb(id, OnSyscall);
  return 0;
}
