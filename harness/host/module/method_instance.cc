#include "harness/host/module/method_instance.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "harness/core/status_macros.h"
#include "harness/host/services/convert.h"
#include "harness/host/services/service_host.h"

namespace assay {
namespace {

// The host is in a function of the method as long as this lives.
class Visit {
 public:
  Visit(assay_host* host, MethodState state) : host_(host) {
    host_->Enter(state);
  }
  ~Visit() { host_->Enter(MethodState::kIdle); }
  Visit(const Visit&) = delete;
  Visit& operator=(const Visit&) = delete;

 private:
  assay_host* host_;
};

absl::Status Broken(const Module& module, absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat(module.path(), ": ", what));
}

}  // namespace

absl::StatusOr<MethodInstance::Fit> MethodInstance::Match(
    const Module& module, uint32_t index, assay_host* host,
    const assay_site& site) {
  assay_fit fit{};
  fit.size = ASSAY_SIZE(assay_fit);
  ASSAY_RETURN_IF_ERROR(Take(module.table().match(index, host, &site, &fit)));
  return Fit{fit.score, Text(fit.reason)};
}

absl::StatusOr<std::unique_ptr<MethodInstance>> MethodInstance::Make(
    const Module& module, uint32_t index, assay_host* host,
    const assay_config* config) {
  const Visit visit(host, MethodState::kMaking);
  assay_method* method = nullptr;
  ASSAY_RETURN_IF_ERROR(
      Take(module.table().make(index, host, config, &method)));
  if (method == nullptr) return Broken(module, "made no instance");
  constexpr absl::string_view kId = ASSAY_METHOD_ID;
  const auto* table = static_cast<const assay_method_table*>(
      module.table().find(method, Lend(kId)));
  std::unique_ptr<MethodInstance> instance(
      new MethodInstance(module, host, method, table));
  if (table == nullptr || !ASSAY_HAS(table, assay_method_table, run) ||
      table->plan == nullptr || table->run == nullptr) {
    return Broken(module, "the instance has no table " ASSAY_METHOD_ID
                          " with plan and run");
  }
  return instance;
}

MethodInstance::~MethodInstance() {
  const Visit visit(host_, MethodState::kMaking);
  module_.table().drop(method_);
}

absl::StatusOr<assay_needs> MethodInstance::Plan() {
  const Visit visit(host_, MethodState::kPlanning);
  assay_needs needs{};
  needs.size = ASSAY_SIZE(assay_needs);
  needs.epochs = ASSAY_UNSET;
  needs.evaluations = ASSAY_UNSET;
  needs.peak_bytes = ASSAY_UNSET;
  ASSAY_RETURN_IF_ERROR(Take(table_->plan(method_, &needs)));
  return needs;
}

absl::Status MethodInstance::Run() {
  const Visit visit(host_, MethodState::kRunning);
  return Take(table_->run(method_));
}

}  // namespace assay
