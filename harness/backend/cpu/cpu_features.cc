#include "harness/backend/cpu/cpu_features.h"

#include <cpuid.h>
#include <sched.h>

#include <algorithm>
#include <cstring>
#include <fstream>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "oneapi/dnnl/dnnl.hpp"

namespace assay::cpu {
namespace {

struct Registers {
  unsigned a = 0, b = 0, c = 0, d = 0;
};

// Zeros where the leaf does not exist.
Registers CpuId(unsigned leaf, unsigned subleaf) {
  Registers r;
  if (!__get_cpuid_count(leaf, subleaf, &r.a, &r.b, &r.c, &r.d)) return {};
  return r;
}

bool Bit(unsigned word, int bit) { return (word >> bit) & 1u; }

// oneDNN checks that the system saves the registers of each instruction set.
bool DnnlReaches(dnnl::cpu_isa isa) {
  const unsigned have = static_cast<unsigned>(dnnl::get_effective_cpu_isa());
  const unsigned want = static_cast<unsigned>(isa);
  return (have & want) == want;
}

bool HasAvx512() { return DnnlReaches(dnnl::cpu_isa::avx512_core); }
bool HasAmx() { return DnnlReaches(dnnl::cpu_isa::avx512_core_amx); }

}  // namespace

std::vector<std::string> CpuFeatures() {
  const Registers l7 = CpuId(7, 0), l71 = CpuId(7, 1);
  std::vector<std::string> features;
  auto add = [&](bool has, const char* name) {
    if (has) features.push_back(name);
  };
  add(DnnlReaches(dnnl::cpu_isa::avx2), "avx2");
  add(DnnlReaches(dnnl::cpu_isa::avx2) && Bit(CpuId(1, 0).c, 12), "fma");
  add(HasWideVectors(), "avx512f");
  add(HasWideInt8(), "avx512_vnni");
  add(DnnlReaches(dnnl::cpu_isa::avx2) && Bit(l71.a, 4), "avx_vnni");
  add(HasWideBf16(), "avx512_bf16");
  add(HasAmx() && Bit(l7.d, 22), "amx_bf16");
  add(HasAmx() && Bit(l7.d, 25), "amx_int8");
  return features;
}

bool HasWideVectors() {
  static const bool has = HasAvx512();
  return has;
}

bool HasWideBf16() {
  static const bool has = HasAvx512() && Bit(CpuId(7, 1).a, 5);
  return has;
}

bool HasWideInt8() {
  static const bool has = HasAvx512() && Bit(CpuId(7, 0).c, 11);
  return has;
}

bool HasNativeBf16() {
  const std::vector<std::string> f = CpuFeatures();
  return std::count(f.begin(), f.end(), "avx512_bf16") +
             std::count(f.begin(), f.end(), "amx_bf16") >
         0;
}

bool HasNativeInt8() {
  const std::vector<std::string> f = CpuFeatures();
  return std::count(f.begin(), f.end(), "avx512_vnni") +
             std::count(f.begin(), f.end(), "avx_vnni") +
             std::count(f.begin(), f.end(), "amx_int8") >
         0;
}

int UsableCores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof(set), &set) != 0) return 1;
  return std::max(1, CPU_COUNT(&set));
}

std::string HardwareName() {
  char brand[49] = {};
  for (unsigned i = 0; i < 3; ++i) {
    const Registers r = CpuId(0x80000002u + i, 0);
    std::memcpy(brand + 16 * i, &r, 16);
  }
  const absl::string_view name = absl::StripAsciiWhitespace(brand);
  return absl::StrCat(name.empty() ? "unknown processor" : name, ", ",
                      UsableCores(), " cores");
}

// From the system's files: what the instruction for it tells under a hypervisor
// may be the host's.
int64_t CacheBytes(int level) {
  for (int index = 0; index < 8; ++index) {
    const std::string folder =
        absl::StrCat("/sys/devices/system/cpu/cpu0/cache/index", index, "/");
    int64_t found = 0, kibibytes = 0;
    std::string type;
    char unit = 0;
    if (!(std::ifstream(folder + "level") >> found)) break;
    std::ifstream(folder + "type") >> type;
    if (found != level || type == "Instruction") continue;
    std::ifstream(folder + "size") >> kibibytes >> unit;
    return unit == 'K' ? kibibytes * 1024 : 0;
  }
  return 0;
}

}  // namespace assay::cpu
