#include "harness/backend/program_cache.h"

#include "absl/strings/str_cat.h"
#include "harness/core/status_macros.h"
#include "harness/graph/structural_hash.h"

namespace assay {

absl::StatusOr<std::shared_ptr<Program>> ProgramCache::Get(
    const Graph& graph, const CompileOptions& options) {
  const std::string key =
      absl::StrCat(StructuralHash(graph), "/", options.threads);
  const auto found = by_key_.find(key);
  if (found != by_key_.end()) {
    ++hits_;
    entries_.splice(entries_.begin(), entries_, found->second);
    return entries_.front().program;
  }
  ++misses_;
  ASSAY_ASSIGN_OR_RETURN(std::shared_ptr<Program> program,
                         device_->Compile(graph, options));
  scratch_ += program->scratch_bytes();
  entries_.push_front({key, program});
  by_key_[key] = entries_.begin();
  while (scratch_ > limit_ && entries_.size() > 1) {
    scratch_ -= entries_.back().program->scratch_bytes();
    by_key_.erase(entries_.back().key);
    entries_.pop_back();
  }
  return program;
}

}  // namespace assay
