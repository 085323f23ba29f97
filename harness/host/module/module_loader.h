// Opening a method's shared library.
#ifndef ASSAY_HARNESS_HOST_MODULE_MODULE_LOADER_H_
#define ASSAY_HARNESS_HOST_MODULE_MODULE_LOADER_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "harness/abi/assay.h"

namespace assay {

// The range of revisions that this host speaks.
constexpr uint32_t kLowestRevision = 1;
constexpr uint32_t kHighestRevision = ASSAY_REVISION;

struct ModuleOptions {
  assay_host* host = nullptr;  // for status and log; outlives the module
  assay_find_fn find = nullptr;
  uint32_t revision_low = kLowestRevision;
  uint32_t revision_high = kHighestRevision;
};

// An open module. Closing ends what the module keeps; the library itself stays
// mapped for ever, since its threads may still run.
class Module {
 public:
  // NOT_FOUND: no file. INVALID_ARGUMENT: no shared library, no entry, or an
  // answer that breaks the ABI. FAILED_PRECONDITION: the module refuses; its
  // own words are in the message. Every message names the path.
  static absl::StatusOr<std::unique_ptr<Module>> Open(
      const std::string& path, const ModuleOptions& options);
  ~Module();
  Module(const Module&) = delete;
  Module& operator=(const Module&) = delete;

  const std::string& path() const { return path_; }
  uint32_t revision() const { return revision_; }  // agreed on
  const assay_module& table() const { return *table_; }

  uint32_t count() const { return table_->count(); }
  // A method by its id, its card checked (CheckCard). NOT_FOUND lists the ids
  // that there are.
  struct Method {
    uint32_t index;
    const assay_card* card;
  };
  absl::StatusOr<Method> Find(absl::string_view id) const;

 private:
  Module(std::string path, const assay_module* table, uint32_t revision)
      : path_(std::move(path)), table_(table), revision_(revision) {}

  std::string path_;
  const assay_module* table_;
  uint32_t revision_;
};

}  // namespace assay

#endif  // ASSAY_HARNESS_HOST_MODULE_MODULE_LOADER_H_
