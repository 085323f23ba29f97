#include "harness/host/provenance.h"

#include <gnu/libc-version.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <ctime>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/config.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/stubs/common.h"
#include "harness/core/hash.h"
#include "harness/host/build_stamp.h"
#include "harness/measure/machine/machine_info.h"
#include "harness/measure/machine/machine_state.h"
#include "harness/measure/system_files.h"
#include "harness/report/record/machine_record.h"

namespace assay {
namespace {

constexpr char kVersion[] = "0.1.0";

// Variables that choose threads, kernels, allocators or libraries.
constexpr const char* kPrefixes[] = {
    "ASSAY_",      "CUDA_",          "DNNL_",   "GOMP_", "KMP_",
    "LC_",         "MALLOC",         "ONEDNN_", "OMP_",  "LD_LIBRARY_PATH=",
    "LD_PRELOAD=", "GLIBC_TUNABLES="};

std::vector<std::string> CompilerFlags() {
  std::vector<std::string> flags = {
      absl::StrCat("--compilation_mode=", ASSAY_COMPILATION_MODE),
      absl::StrCat("__cplusplus=", __cplusplus)};
#if defined(__OPTIMIZE__)
  flags.push_back("__OPTIMIZE__");
#endif
#if defined(NDEBUG)
  flags.push_back("NDEBUG");
#endif
#if defined(__SANITIZE_ADDRESS__)
  flags.push_back("-fsanitize=address");
#endif
#if defined(__SANITIZE_THREAD__)
  flags.push_back("-fsanitize=thread");
#endif
  return flags;
}

void Add(absl::string_view key, absl::string_view value,
         google::protobuf::RepeatedPtrField<KeyValue>* values) {
  KeyValue* added = values->Add();
  added->set_key(std::string(key));
  added->set_value(std::string(value));
}

void FillBuild(Provenance* provenance) {
  provenance->set_assay_version(kVersion);
  if (kSourceRevision == nullptr) {
    provenance->set_assay_revision("unstamped");
  } else {
    provenance->set_assay_revision(kSourceRevision);
    provenance->set_assay_modified(absl::string_view(kSourceModified) == "1");
  }
#if defined(__clang__)
  provenance->set_compiler(absl::StrCat("Clang ", __clang_version__));
#else
  provenance->set_compiler(absl::StrCat("GCC ", __VERSION__));
#endif
  for (const std::string& flag : CompilerFlags()) {
    provenance->add_compiler_flags(flag);
  }
  auto* libraries = provenance->mutable_libraries();
  Add("Abseil", absl::StrCat(ABSL_LTS_RELEASE_VERSION), libraries);
  Add("glibc", gnu_get_libc_version(), libraries);
  Add("libstdc++", absl::StrCat(_GLIBCXX_RELEASE, " (", __GLIBCXX__, ")"),
      libraries);
  Add("protobuf",
      google::protobuf::internal::VersionString(GOOGLE_PROTOBUF_VERSION),
      libraries);
}

void FillEnvironment(Provenance* provenance) {
  std::vector<std::string> kept;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    for (const char* prefix : kPrefixes) {
      if (absl::StartsWith(*entry, prefix)) kept.emplace_back(*entry);
    }
  }
  std::sort(kept.begin(), kept.end());
  for (const std::string& entry : kept) {
    const size_t equals = entry.find('=');
    if (equals == std::string::npos) continue;
    Add(entry.substr(0, equals), entry.substr(equals + 1),
        provenance->mutable_environment());
  }
}

// Of a file that changes only when Assay is built anew. Empty when it cannot be
// read.
std::string HashOnce(const std::string& path) {
  struct stat info = {};
  if (stat(path.c_str(), &info) != 0) return "";
  const std::string key =
      absl::StrCat(path, " ", info.st_ino, " ", info.st_size, " ",
                   info.st_mtim.tv_sec, ".", info.st_mtim.tv_nsec);
  static std::mutex mutex;
  static auto* hashes = new std::map<std::string, std::string>();
  const std::lock_guard<std::mutex> lock(mutex);
  const auto found = hashes->find(key);
  if (found != hashes->end()) return found->second;
  auto hash = Sha256OfFile(path);
  if (!hash.ok()) return "";
  return (*hashes)[key] = *std::move(hash);
}

}  // namespace

Provenance CollectProvenance(const std::string& executable) {
  Provenance provenance;
  FillBuild(&provenance);
  FillEnvironment(&provenance);
  const SystemFiles files;
  FillProvenance(ReadMachineInfo(files), ReadMachineState(files), &provenance);
  for (const uint32_t cpu : ReadAffinity(files)) provenance.add_affinity(cpu);
  provenance.set_binary_sha256(HashOnce(executable));
  return provenance;
}

}  // namespace assay
