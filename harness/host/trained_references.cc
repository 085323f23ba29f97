#include "harness/host/trained_references.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace assay {
namespace {

// All that decides which network a run starts from, and where it lies.
std::string KeyOf(const RunSpec& spec) {
  return absl::StrJoin({spec.task(), spec.backend(), spec.training_precision(),
                        absl::StrCat(spec.threads()), spec.data_dir(),
                        spec.cache_dir(), spec.network().SerializeAsString()},
                       "\n");
}

}  // namespace

const TrainResult* TrainedReferences::Find(const RunSpec& spec) const {
  const auto found = results_.find(KeyOf(spec));
  return found == results_.end() ? nullptr : &found->second;
}

void TrainedReferences::Remember(const RunSpec& spec,
                                 const TrainResult& result) {
  TrainResult& kept = results_[KeyOf(spec)];
  kept = result;
  kept.set_was_cached(true);
  kept.clear_phases();
}

}  // namespace assay
