// One method from make to drop.
#ifndef ASSAY_HARNESS_HOST_MODULE_METHOD_INSTANCE_H_
#define ASSAY_HARNESS_HOST_MODULE_METHOD_INSTANCE_H_

#include <cstdint>
#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "harness/abi/assay.h"
#include "harness/host/module/module_loader.h"

namespace assay {

// Calls the module on the caller's thread and keeps its host told of where it
// is. Errors are the method's own; INVALID_ARGUMENT where it breaks the ABI.
class MethodInstance {
 public:
  // Whether the method suits the machine and the task.
  struct Fit {
    uint32_t score = 0;
    std::string reason;
  };
  static absl::StatusOr<Fit> Match(const Module& module, uint32_t index,
                                   assay_host* host, const assay_site& site);

  // `module`, `host` and `config` must outlive the instance.
  static absl::StatusOr<std::unique_ptr<MethodInstance>> Make(
      const Module& module, uint32_t index, assay_host* host,
      const assay_config* config);
  ~MethodInstance();
  MethodInstance(const MethodInstance&) = delete;
  MethodInstance& operator=(const MethodInstance&) = delete;

  absl::StatusOr<assay_needs> Plan();
  absl::Status Run();

 private:
  MethodInstance(const Module& module, assay_host* host, assay_method* method,
                 const assay_method_table* table)
      : module_(module), host_(host), method_(method), table_(table) {}

  const Module& module_;
  assay_host* host_;
  assay_method* method_;
  const assay_method_table* table_;
};

}  // namespace assay

#endif  // ASSAY_HARNESS_HOST_MODULE_METHOD_INSTANCE_H_
