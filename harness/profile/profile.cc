#include "harness/profile/profile.h"

#include <chrono>
#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "harness/backend/session.h"
#include "harness/core/descriptive.h"
#include "harness/core/random.h"
#include "harness/core/status_macros.h"
#include "harness/core/tensor.h"
#include "harness/graph/cost.h"

namespace assay {
namespace {

using SteadyClock = std::chrono::steady_clock;

Tensor AnyInput(const std::string& name, const TensorType& type,
                uint64_t seed) {
  Tensor values(DType::kF32, type.shape);
  RandomStream stream(seed, absl::StrCat("profile/", name));
  if (IsFloat(type.dtype)) {
    stream.FillNormal(values.span<float>(), 0, 1);
  } else {
    for (float& value : values.span<float>()) {
      value = static_cast<float>(stream.Below(2));
    }
  }
  return values.Cast(type.dtype);
}

absl::Status FeedAll(const Graph& graph, uint64_t seed, Session* session) {
  for (const ValueId id : graph.inputs()) {
    const Value& value = graph.value(id);
    ASSAY_RETURN_IF_ERROR(
        session->Feed(value.name, AnyInput(value.name, value.type, seed)));
  }
  return absl::OkStatus();
}

// The type of the first operand of the nodes' first.
DType TypeOf(const Graph& graph, const ProgramStep& step) {
  if (step.nodes.empty()) return DType::kF32;
  const Node& node = graph.node(step.nodes.front());
  return node.inputs.empty() || node.inputs[0] == kNoValue
             ? DType::kF32
             : graph.type(node.inputs[0]).dtype;
}

// A unit's multiply-accumulates go to the first of its steps that computes.
std::vector<StepProfile> Describe(const Program& program) {
  std::vector<StepProfile> steps;
  std::vector<bool> counted(static_cast<size_t>(program.graph().node_count()));
  for (const ProgramStep& step : program.steps()) {
    StepProfile profile;
    profile.kind = step.kind;
    profile.name = step.name;
    profile.bytes = step.bytes;
    profile.type = TypeOf(program.graph(), step);
    for (const NodeId node : step.nodes) {
      if (counted[static_cast<size_t>(node)]) continue;
      counted[static_cast<size_t>(node)] = true;
      profile.macs += MacsOf(program.graph(), node);
    }
    steps.push_back(std::move(profile));
  }
  return steps;
}

absl::StatusOr<double> PlainSeconds(Session* session, int64_t runs) {
  std::vector<double> seconds;
  for (int64_t i = 0; i < runs; ++i) {
    const SteadyClock::time_point before = SteadyClock::now();
    ASSAY_RETURN_IF_ERROR(session->Run());
    seconds.push_back(
        std::chrono::duration<double>(SteadyClock::now() - before).count());
  }
  return Median(seconds);
}

}  // namespace

absl::StatusOr<Profile> ProfileGraph(Device* device, const Graph& graph,
                                     const ProfileOptions& options) {
  if (options.runs < 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("expected at least one run, got ", options.runs));
  }
  ASSAY_ASSIGN_OR_RETURN(
      const std::unique_ptr<Session> session,
      Session::Make(device, graph, nullptr, {.threads = options.threads}));
  ASSAY_RETURN_IF_ERROR(FeedAll(graph, options.seed, session.get()));
  for (int64_t i = 0; i < options.runs / 10 + 1; ++i) {
    ASSAY_RETURN_IF_ERROR(session->Run());
  }
  Profile profile;
  profile.steps = Describe(session->program());
  std::vector<int64_t> ns(profile.steps.size());
  std::vector<std::vector<double>> seconds(profile.steps.size());
  std::vector<double> totals;
  for (int64_t run = 0; run < options.runs; ++run) {
    ASSAY_RETURN_IF_ERROR(session->RunTimed(absl::MakeSpan(ns)));
    double total = 0;
    for (size_t i = 0; i < ns.size(); ++i) {
      const double time = static_cast<double>(ns[i]) * 1e-9;
      seconds[i].push_back(time);
      total += time;
    }
    totals.push_back(total);
  }
  for (size_t i = 0; i < ns.size(); ++i) {
    StepProfile& step = profile.steps[i];
    const std::vector<double> sorted = Sorted(seconds[i]);
    step.seconds = SortedQuantile(sorted, 0.5);
    step.low = SortedQuantile(sorted, 0.05);
    step.high = SortedQuantile(sorted, 0.95);
    step.last_ns = ns[i];
  }
  profile.timed_seconds = Median(totals);
  ASSAY_ASSIGN_OR_RETURN(profile.plain_seconds,
                         PlainSeconds(session.get(), options.runs));
  return profile;
}

std::string ChromeTrace(const Profile& profile) {
  std::string out = "{\"displayTimeUnit\":\"ns\",\"traceEvents\":[";
  double at = 0;  // microseconds
  for (size_t i = 0; i < profile.steps.size(); ++i) {
    const StepProfile& step = profile.steps[i];
    const double length = static_cast<double>(step.last_ns) * 1e-3;
    std::string name;
    for (const char c : step.name) {
      if (c == '"' || c == '\\') name.push_back('\\');
      name.push_back(static_cast<unsigned char>(c) < 0x20 ? ' ' : c);
    }
    absl::StrAppendFormat(
        &out,
        "%s\n{\"name\":\"%s %s\",\"cat\":\"%s\",\"ph\":\"X\",\"pid\":1,"
        "\"tid\":1,\"ts\":%.3f,\"dur\":%.3f,\"args\":{\"macs\":%d,\"bytes\":%d}"
        "}",
        i == 0 ? "" : ",", step.kind, name, step.kind, at, length, step.macs,
        step.bytes);
    at += length;
  }
  return absl::StrCat(out, "\n]}\n");
}

}  // namespace assay
