// Compiled programs by structure: sub-networks that are alike share one.
#ifndef ASSAY_HARNESS_BACKEND_PROGRAM_CACHE_H_
#define ASSAY_HARNESS_BACKEND_PROGRAM_CACHE_H_

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>

#include "absl/status/statusor.h"
#include "harness/backend/device.h"
#include "harness/graph/graph.h"

namespace assay {

// Programs of one device, the most recently used ones. A program is a pure
// function of its operands, so that graphs of one structure (StructuralHash:
// names of results do not count) run on one program with parameters of their
// own. Its arena is shared as well: users run one after the other. Not
// thread-safe.
class ProgramCache {
 public:
  // Keeps programs with scratch memory of at most `scratch_bytes` together, and
  // at least the last one.
  ProgramCache(Device* device, int64_t scratch_bytes)
      : device_(device), limit_(scratch_bytes) {}

  // The program of that structure, compiled where there is none. Errors as
  // Device::Compile.
  absl::StatusOr<std::shared_ptr<Program>> Get(
      const Graph& graph, const CompileOptions& options = {});

  Device* device() const { return device_; }
  int64_t hits() const { return hits_; }
  int64_t misses() const { return misses_; }
  size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    std::string key;
    std::shared_ptr<Program> program;
  };

  Device* device_;
  const int64_t limit_;
  std::list<Entry> entries_;  // the most recent first
  std::unordered_map<std::string, std::list<Entry>::iterator> by_key_;
  int64_t scratch_ = 0, hits_ = 0, misses_ = 0;
};

}  // namespace assay

#endif  // ASSAY_HARNESS_BACKEND_PROGRAM_CACHE_H_
