#include "harness/cli/network_flags.h"

#include <cstdio>
#include <set>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "harness/cli/places.h"
#include "harness/core/status_macros.h"
#include "harness/host/run_setup.h"
#include "harness/host/user_network.h"

namespace assay {
namespace {

constexpr const char* kNames[] = {"network",        "network_layout",
                                  "network_output", "network_mean",
                                  "network_stddev", "network_labels"};

absl::Status AddNumbers(const Args& args, const char* flag,
                        google::protobuf::RepeatedField<float>* numbers) {
  if (!args.Given(flag)) return absl::OkStatus();
  for (const absl::string_view word : absl::StrSplit(args.Text(flag), ',')) {
    float number = 0;
    if (!absl::SimpleAtof(word, &number)) {
      return absl::InvalidArgumentError(absl::StrCat(
          "--", flag, " expects numbers, got '", args.Text(flag), "'"));
    }
    numbers->Add(number);
  }
  return absl::OkStatus();
}

absl::StatusOr<NetworkSpec> SpecFromFlags(const Args& args) {
  NetworkSpec spec;
  const std::string layout = args.Text("network_layout");
  if (layout != "nchw" && layout != "nhwc") {
    return absl::InvalidArgumentError(absl::StrCat(
        "--network_layout expects nchw or nhwc, got '", layout, "'"));
  }
  spec.set_channels_last(layout == "nhwc");
  spec.set_output(args.Text("network_output"));
  ASSAY_RETURN_IF_ERROR(AddNumbers(args, "network_mean", spec.mutable_mean()));
  ASSAY_RETURN_IF_ERROR(
      AddNumbers(args, "network_stddev", spec.mutable_stddev()));
  if (args.Given("network_labels")) {
    for (const absl::string_view label :
         absl::StrSplit(args.Text("network_labels"), ',')) {
      spec.add_labels(std::string(label));
    }
  }
  return spec;
}

std::string Numbers(const std::vector<float>& numbers) {
  return absl::StrJoin(numbers, ",");
}

// Opens the task with the network in place, which checks all that can be
// checked without running it.
absl::Status TryOnce(const RunSpec& spec) {
  ASSAY_ASSIGN_OR_RETURN(const RunSetup setup, OpenTask(spec));
  const auto say = [&](const std::string& remark) {
    absl::FPrintF(stderr, "network for %s: %s\n", spec.task(), remark);
  };
  for (const std::string& remark : setup.task->brought()->remarks) say(remark);
  const TaskSpec& task = setup.task->spec();
  if (task.mean.empty()) return absl::OkStatus();
  say(absl::StrCat("it reads (x - mean) / stddev, mean ", Numbers(task.mean),
                   ", stddev ", Numbers(task.stddev),
                   spec.network().mean().empty() ? " (the task's)" : ""));
  return absl::OkStatus();
}

}  // namespace

absl::Status ApplyNetworkFlags(const Args& args, std::vector<RunSpec>* specs) {
  if (!args.Given("network")) {
    for (const char* name : kNames) {
      if (args.Given(name)) {
        return absl::InvalidArgumentError(
            absl::StrCat("--", name, " says something of --network"));
      }
    }
    return absl::OkStatus();
  }
  const std::string path = UserPath(args.Text("network"));
  ASSAY_ASSIGN_OR_RETURN(const UserNetwork network, ReadUserNetwork(path));
  ASSAY_ASSIGN_OR_RETURN(NetworkSpec flags, SpecFromFlags(args));
  ASSAY_RETURN_IF_ERROR(CompleteNetworkSpec(network, &flags));
  std::set<std::string> tried;
  for (RunSpec& spec : *specs) {
    *spec.mutable_network() = flags;
    spec.set_network_path(path);
    if (tried.insert(spec.task()).second) {
      ASSAY_RETURN_IF_ERROR(TryOnce(spec));
    }
  }
  return absl::OkStatus();
}

std::string NetworkFlagsText(const Args& args) {
  std::string text;
  for (const char* name : kNames) {
    if (!args.Given(name)) continue;
    absl::StrAppend(&text, " --", name, "='", args.Text(name), "'");
  }
  return text;
}

}  // namespace assay
