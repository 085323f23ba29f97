#include "harness/sweep/suite.h"

#include <google/protobuf/text_format.h>

#include <cmath>
#include <map>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "harness/core/file.h"
#include "harness/core/hash.h"
#include "harness/core/status_macros.h"
#include "harness/host/run_identity.h"
#include "harness/host/run_spec.pb.h"
#include "harness/host/session_plan.h"
#include "harness/host/text_proto.h"
#include "harness/sweep/suite.pb.h"

namespace assay {
namespace {

absl::Status CheckFraction(double value, bool zero_means_unset,
                           absl::string_view field, absl::string_view where) {
  const bool ok = std::isfinite(value) && value >= 0.0 &&
                  (zero_means_unset ? value <= 1.0 : value < 1.0);
  if (ok) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(where, ": ", field, " must be in [0, 1",
                   zero_means_unset ? "]" : ")", ", got ", value));
}

absl::Status CheckBudget(const Budget& budget, absl::string_view where) {
  ASSAY_RETURN_IF_ERROR(
      CheckFraction(budget.sparsity(), false, "sparsity", where));
  ASSAY_RETURN_IF_ERROR(
      CheckFraction(budget.macs_fraction(), true, "macs_fraction", where));
  for (int bits : {budget.weight_bits(), budget.activation_bits()}) {
    if (bits < 0 || bits > 32) {
      return absl::InvalidArgumentError(
          absl::StrCat(where, ": bits must be in [0, 32], got ", bits));
    }
  }
  if (budget.bytes() < 0) {
    return absl::InvalidArgumentError(
        absl::StrCat(where, ": bytes must not be negative"));
  }
  return absl::OkStatus();
}

absl::Status CheckMeasure(const MeasureSpec& measure, absl::string_view where) {
  const absl::Status status = PlanSessions(measure).status();
  if (status.ok()) return status;
  return absl::Status(status.code(),
                      absl::StrCat(where, ": ", status.message()));
}

absl::Status CheckBlock(const Block& block, absl::string_view where) {
  if (block.methods().empty() || block.tasks().empty() ||
      block.seeds().empty()) {
    return absl::InvalidArgumentError(absl::StrCat(
        where, ": needs at least one method, one task and one seed; got ",
        block.methods_size(), ", ", block.tasks_size(), " and ",
        block.seeds_size()));
  }
  for (const MethodChoice& method : block.methods()) {
    if (method.name().empty()) {
      return absl::InvalidArgumentError(
          absl::StrCat(where, ": a method has no name"));
    }
  }
  for (const Budget& budget : block.budgets()) {
    ASSAY_RETURN_IF_ERROR(CheckBudget(budget, where));
  }
  return CheckMeasure(block.measure(), where);
}

std::string LabelOf(const MethodChoice& method) {
  return method.label().empty() ? method.name() : method.label();
}

// Of the suite as protobuf prints it, so that comments and order of fields do
// not count.
std::string SuiteHash(const Suite& suite) {
  std::string text;
  google::protobuf::TextFormat::PrintToString(suite, &text);
  return Sha256Hex(text);
}

RunSpec SpecOf(const Suite& suite, const Block& block,
               const MethodChoice& method, const std::string& task,
               uint64_t seed) {
  RunSpec spec;
  spec.set_method(method.name());
  *spec.mutable_parameters() = method.parameters();
  spec.set_label(LabelOf(method));
  spec.set_task(task);
  *spec.mutable_budgets() = block.budgets();
  *spec.mutable_training() = block.training();
  spec.set_backend(suite.backend().empty() ? "cpu" : suite.backend());
  spec.set_training_precision(
      suite.training_precision().empty() ? "f32" : suite.training_precision());
  spec.set_seed(seed);
  *spec.mutable_measure() =
      block.has_measure() ? block.measure() : suite.measure();
  *spec.mutable_limits() = suite.limits();
  spec.set_suite(suite.name());
  return spec;
}

}  // namespace

absl::StatusOr<Suite> ReadSuite(const std::string& path) {
  ASSAY_ASSIGN_OR_RETURN(std::string text, ReadFile(path));
  Suite suite;
  ASSAY_RETURN_IF_ERROR(ParseTextProto(text, path, &suite));
  absl::Status checked = CheckSuite(suite);
  if (!checked.ok()) {
    return absl::Status(checked.code(),
                        absl::StrCat(path, ": ", checked.message()));
  }
  return suite;
}

absl::Status CheckSuite(const Suite& suite) {
  if (suite.name().empty()) {
    return absl::InvalidArgumentError("the suite has no name");
  }
  if (suite.blocks().empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("suite ", suite.name(), " has no blocks"));
  }
  ASSAY_RETURN_IF_ERROR(
      CheckMeasure(suite.measure(), absl::StrCat("suite ", suite.name())));
  for (int i = 0; i < suite.blocks_size(); ++i) {
    const std::string where =
        absl::StrCat("suite ", suite.name(), ", block ", i + 1);
    ASSAY_RETURN_IF_ERROR(CheckBlock(suite.blocks(i), where));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<RunSpec>> ExpandSuite(const Suite& suite) {
  ASSAY_RETURN_IF_ERROR(CheckSuite(suite));
  const std::string hash = SuiteHash(suite);
  std::vector<RunSpec> runs;
  std::map<std::string, int> block_of_id;
  for (int i = 0; i < suite.blocks_size(); ++i) {
    const Block& block = suite.blocks(i);
    for (uint64_t seed : block.seeds()) {
      for (const std::string& task : block.tasks()) {
        for (const MethodChoice& method : block.methods()) {
          runs.push_back(SpecOf(suite, block, method, task, seed));
          runs.back().set_suite_sha256(hash);
          const auto [at, is_new] =
              block_of_id.emplace(RunId(runs.back()), i + 1);
          if (!is_new) {
            return absl::InvalidArgumentError(
                absl::StrCat("suite ", suite.name(), ", block ", i + 1, ": ",
                             LabelOf(method), " on ", task, " with seed ", seed,
                             " stands in block ", at->second, " already"));
          }
        }
      }
    }
  }
  return runs;
}

std::string RunId(const RunSpec& spec) { return RunHash(spec).substr(0, 12); }

std::string RunFolder(const RunSpec& spec) {
  return absl::StrCat(spec.task(), "/", spec.label(), "/seed-", spec.seed(),
                      "/", RunId(spec));
}

}  // namespace assay
