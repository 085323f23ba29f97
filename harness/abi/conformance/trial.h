// One run of a method on a tiny task, with a host that may be poorer than
// usual.
#ifndef ASSAY_HARNESS_ABI_CONFORMANCE_TRIAL_H_
#define ASSAY_HARNESS_ABI_CONFORMANCE_TRIAL_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "harness/host/module/card.h"
#include "harness/host/module/method_instance.h"
#include "harness/host/module/module_loader.h"
#include "harness/host/services/testing/tiny_run.h"

namespace assay::conformance {

// Which table the host lacks or cuts short; empty id: none.
struct Poverty {
  std::string id;
  uint32_t size = 0;  // 0: the table is absent; else its size in bytes
};
// From now on in this process. Calls of `PoorFind` answer accordingly.
void SetPoverty(Poverty poverty);
const void* PoorFind(assay_host* host, assay_text id);

// The module at `path`, opened with PoorFind and a host for its words.
absl::StatusOr<std::unique_ptr<Module>> OpenModule(const std::string& path);

// A method on a tiny task, with a budget of each kind that its card can meet.
class Trial {
 public:
  // Aborts on a card that is not sound: CheckCard comes first.
  Trial(const Module& module, uint32_t index,
        const std::map<std::string, std::string>& settings);
  ~Trial() { Drop(); }

  absl::Status Make();
  absl::Status Plan();
  absl::Status Run();
  void Drop() { instance_ = nullptr; }

  TinyRun& tiny() { return tiny_; }
  // What is wrong with what it submitted; empty if nothing.
  std::string WrongWithCandidates();

 private:
  absl::Status CheckCandidate(uint32_t budget);

  const Module& module_;
  uint32_t index_;
  const assay_card& card_;
  TinyRun tiny_;
  absl::StatusOr<Settings> settings_;
  std::unique_ptr<MethodInstance> instance_;
};

}  // namespace assay::conformance

#endif  // ASSAY_HARNESS_ABI_CONFORMANCE_TRIAL_H_
