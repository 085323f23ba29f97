#include "harness/backend/registry.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace assay {

absl::StatusOr<std::unique_ptr<Device>> MakeDevice(absl::string_view backend) {
  for (const Backend& known : Backends()) {
    if (known.name == backend) return known.make();
  }
  return absl::NotFoundError(
      absl::StrCat("backend \"", backend, "\": expected one of ",
                   absl::StrJoin(Backends(), ", ",
                                 [](std::string* out, const Backend& known) {
                                   absl::StrAppend(out, known.name);
                                 })));
}

}  // namespace assay
