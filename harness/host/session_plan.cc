#include "harness/host/session_plan.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "harness/core/status_macros.h"
#include "harness/host/run_spec.pb.h"

namespace assay {
namespace {

constexpr int64_t kMultiStreamSamples = 8;  // of MLPerf's rules

absl::Status CheckNumbers(const MeasureSpec& measure) {
  for (const auto& [name, value] :
       {std::pair("queries", static_cast<double>(measure.queries())),
        {"seconds", measure.seconds()},
        {"samples_per_query", static_cast<double>(measure.samples_per_query())},
        {"server_qps", measure.server_qps()},
        {"prompt_tokens", static_cast<double>(measure.prompt_tokens())},
        {"new_tokens", static_cast<double>(measure.new_tokens())},
        {"latency_bound_ns",
         static_cast<double>(measure.latency_bound_ns())}}) {
    if (value >= 0.0) continue;
    return absl::InvalidArgumentError(
        absl::StrCat("measure.", name, ": expected 0 or more, got ", value));
  }
  if (!(measure.energy_error() >= 0.0 && measure.energy_error() < 1.0)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "measure.energy_error: expected [0, 1), got ", measure.energy_error()));
  }
  for (const int32_t batch : measure.batch_sizes()) {
    if (batch >= 1) continue;
    return absl::InvalidArgumentError(
        absl::StrCat("measure.batch_sizes: expected 1 or more, got ", batch));
  }
  return absl::OkStatus();
}

std::vector<int64_t> BatchesOf(const MeasureSpec& measure) {
  std::vector<int64_t> batches(measure.batch_sizes().begin(),
                               measure.batch_sizes().end());
  if (batches.empty()) batches.push_back(1);
  return batches;
}

int64_t WholeBatches(int64_t samples, int64_t batch) {
  return (samples + batch - 1) / batch * batch;
}

absl::Status AddScenario(const std::string& name, const MeasureSpec& measure,
                         std::vector<SessionPlan>* plans) {
  if (name == "single_stream") {
    plans->push_back({Scenario::kSingleStream, 1, 1});
  } else if (name == "prefill") {
    plans->push_back({Scenario::kPrefill, 1, 1});
  } else if (name == "decode") {
    plans->push_back({Scenario::kDecode, 1, 1});
  } else if (name == "server") {
    plans->push_back({Scenario::kServer, 1, 1});
  } else if (name == "multi_stream") {
    const int64_t samples = measure.samples_per_query() > 0
                                ? measure.samples_per_query()
                                : kMultiStreamSamples;
    for (const int64_t batch : BatchesOf(measure)) {
      plans->push_back(
          {Scenario::kMultiStream, batch, WholeBatches(samples, batch)});
    }
  } else if (name == "offline") {
    for (const int64_t batch : BatchesOf(measure)) {
      plans->push_back({Scenario::kOffline, batch, batch});
    }
  } else {
    return absl::InvalidArgumentError(
        absl::StrCat("measure.scenarios: expected single_stream, multi_stream, "
                     "server, offline, prefill or decode, got \"",
                     name, "\""));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::vector<SessionPlan>> PlanSessions(
    const MeasureSpec& measure) {
  ASSAY_RETURN_IF_ERROR(CheckNumbers(measure));
  std::vector<SessionPlan> plans;
  for (const std::string& name : measure.scenarios()) {
    ASSAY_RETURN_IF_ERROR(AddScenario(name, measure, &plans));
  }
  if (measure.scenarios().empty()) {
    for (const int64_t batch : BatchesOf(measure)) {
      plans.push_back(
          {batch == 1 ? Scenario::kSingleStream : Scenario::kMultiStream, batch,
           batch});
    }
  }
  bool hot = measure.caches().empty(), cold = false;
  for (const std::string& name : measure.caches()) {
    if (name != "hot" && name != "cold") {
      return absl::InvalidArgumentError(absl::StrCat(
          "measure.caches: expected hot or cold, got \"", name, "\""));
    }
    (name == "hot" ? hot : cold) = true;
  }
  std::vector<SessionPlan> asked;
  for (SessionPlan plan : plans) {
    if (hot || plan.scenario == Scenario::kServer) asked.push_back(plan);
    plan.cold = true;
    if (cold && plan.scenario != Scenario::kServer) asked.push_back(plan);
  }
  return asked;
}

}  // namespace assay
