#include "harness/host/module/module_loader.h"

#include <dlfcn.h>
#include <unistd.h>

#include <cstring>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "harness/core/status_macros.h"
#include "harness/host/module/card.h"

namespace assay {
namespace {

absl::Status Broken(const std::string& path, absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat(path, ": ", what));
}

absl::StatusOr<assay_module_open_fn> FindEntry(const std::string& path) {
  if (access(path.c_str(), F_OK) != 0) {
    return absl::NotFoundError(absl::StrCat(path, ": no such plugin file"));
  }
  // Absolute, so that the loader searches nowhere else.
  char* resolved = realpath(path.c_str(), nullptr);
  const std::string absolute = resolved == nullptr ? path : resolved;
  free(resolved);
  void* library = dlopen(absolute.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    return Broken(path, absl::StrCat("cannot be loaded: ", dlerror()));
  }
  void* symbol = dlsym(library, ASSAY_ENTRY);
  if (symbol == nullptr) {
    return Broken(path, "does not export " ASSAY_ENTRY
                        "; is it an Assay plugin of ABI major 1?");
  }
  assay_module_open_fn entry;
  static_assert(sizeof(entry) == sizeof(symbol));
  std::memcpy(&entry, &symbol, sizeof(entry));
  return entry;
}

// A refusal in the module's own words.
absl::Status Refusal(const std::string& path, int32_t result,
                     const assay_answer& answer) {
  const char* kind = "refuses to open";
  switch (result) {
    case ASSAY_NO_COMMON_REVISION:
      kind = "has no ABI revision in common with this host";
      break;
    case ASSAY_MISSING_SUPPORT:
      kind = "lacks a driver, a library or an instruction set";
      break;
    case ASSAY_DAMAGED:
      kind = "is damaged";
      break;
    default:
      break;
  }
  const std::string why(answer.why, strnlen(answer.why, sizeof(answer.why)));
  return absl::FailedPreconditionError(
      absl::StrCat(path, ": ", kind, " (", result,
                   "): ", why.empty() ? "it gives no reason" : why));
}

absl::Status CheckAnswer(const std::string& path, const ModuleOptions& options,
                         const assay_answer& answer) {
  if (answer.revision < options.revision_low ||
      answer.revision > options.revision_high) {
    return Broken(path, absl::StrCat("chose revision ", answer.revision,
                                     ", offered were ", options.revision_low,
                                     " to ", options.revision_high));
  }
  const assay_module* m = answer.module;
  if (m == nullptr) return Broken(path, "opened without a module table");
  if (!ASSAY_HAS(m, assay_module, close)) {
    return Broken(path,
                  absl::StrCat("module table: expected at least ",
                               sizeof(assay_module), " bytes, got ", m->size));
  }
  if (m->count == nullptr || m->card == nullptr || m->match == nullptr ||
      m->make == nullptr || m->find == nullptr || m->drop == nullptr ||
      m->close == nullptr) {
    return Broken(path, "module table: a required slot is null");
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<Module>> Module::Open(
    const std::string& path, const ModuleOptions& options) {
  ASSAY_ASSIGN_OR_RETURN(const assay_module_open_fn entry, FindEntry(path));
  assay_offer offer{};
  offer.size = ASSAY_SIZE(assay_offer);
  offer.revision_low = options.revision_low;
  offer.revision_high = options.revision_high;
  offer.host = options.host;
  offer.find = options.find;
  assay_answer answer{};
  answer.size = ASSAY_SIZE(assay_answer);
  const int32_t result = entry(&offer, &answer);
  if (result != ASSAY_OPENED) return Refusal(path, result, answer);
  ASSAY_RETURN_IF_ERROR(CheckAnswer(path, options, answer));
  return std::unique_ptr<Module>(
      new Module(path, answer.module, answer.revision));
}

Module::~Module() { table_->close(); }

absl::StatusOr<Module::Method> Module::Find(absl::string_view id) const {
  std::vector<std::string> ids;
  for (uint32_t i = 0; i < count(); ++i) {
    const assay_card* card = table_->card(i);
    const absl::Status status = CheckCard(card);
    if (!status.ok()) {
      return Broken(path_, absl::StrCat("card ", i, ": ", status.message()));
    }
    ids.emplace_back(card->id.data, card->id.size);
    if (ids.back() == id) return Method{i, card};
  }
  return absl::NotFoundError(absl::StrCat(
      path_, ": has no method ", id, "; it has: ", absl::StrJoin(ids, ", ")));
}

}  // namespace assay
